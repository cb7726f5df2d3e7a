/** The permission bits that the stand-in looks at. */
export const permission = {
  administrator: 1n << 3n,
  addReactions: 1n << 6n,
  viewChannel: 1n << 10n,
  sendMessages: 1n << 11n,
  manageMessages: 1n << 13n,
  embedLinks: 1n << 14n,
  attachFiles: 1n << 15n,
  readMessageHistory: 1n << 16n,
  mentionEveryone: 1n << 17n,
  useExternalEmojis: 1n << 18n,
  useApplicationCommands: 1n << 31n,
  manageThreads: 1n << 34n,
  sendMessagesInThreads: 1n << 38n,
} as const;

/** Bits 0 to 50: everything, for owners. */
export const allPermissions = (1n << 51n) - 1n;

/** What a plain member, and the bot, may do unless a test says otherwise. */
export const usualPermissions =
  permission.addReactions |
  permission.viewChannel |
  permission.sendMessages |
  permission.embedLinks |
  permission.attachFiles |
  permission.readMessageHistory |
  permission.useExternalEmojis |
  permission.useApplicationCommands |
  permission.sendMessagesInThreads;

/** `app_permissions` in private channels; in the DM with the bot also external emojis. There is no ViewChannel there. */
export const privatePermissions = permission.attachFiles | permission.embedLinks | permission.mentionEveryone;
