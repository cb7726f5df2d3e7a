import { ApplicationCommandType, type UserContextMenuCommandInteraction } from 'discord.js';
import type { FoundPicture } from '../bot/find-pictures.ts';
import { localizations } from '../bot/languages/choose-messages.ts';
import { en } from '../bot/languages/en.ts';
import { UserError } from '../errors.ts';
import { everywhere } from './animate.ts';
import { defaultRequest } from './animate-options.ts';
import type { UserCommand } from './command.ts';
import { enqueueFromInteraction } from './enqueue-from-interaction.ts';

/** Pixels: the largest that most avatars have, and more than a clip takes. */
const avatarSize = 1024;

/** "Apps → Animate avatar" in the menu of a person. */
export const animateAvatar = {
  name: en.clip.menus.animateAvatar,
  declare: () => ({
    type: ApplicationCommandType.User,
    name: en.clip.menus.animateAvatar,
    name_localizations: localizations((messages) => messages.clip.menus.animateAvatar),
    ...everywhere,
  }),
  async execute(interaction, context) {
    const { model, guildSettings } = context;
    await enqueueFromInteraction(interaction, context, {
      isPrivate: false,
      clipRequest: defaultRequest(model, await guildSettings.of(interaction.guildId)),
      picture: avatarOf(interaction),
    });
  },
} satisfies UserCommand;

/**
 * The avatar that a person has in that server, else everywhere. Of a moving one its first frame.
 *
 * @throws UserError `no-avatar`: they have only one of the pictures that Discord gives to everybody
 */
function avatarOf({
  client,
  guildId,
  targetUser,
  targetMember,
}: UserContextMenuCommandInteraction): Omit<FoundPicture, 'name'> {
  const { cdn } = client.rest;
  const options = { extension: 'png', size: avatarSize, forceStatic: true } as const;
  const here = targetMember?.avatar;
  if (guildId !== null && here) {
    return { url: cdn.guildMemberAvatar(guildId, targetUser.id, here, options), isSpoiler: false };
  }
  if (!targetUser.avatar) throw new UserError('no-avatar', 'That person has no avatar of their own.');
  return { url: cdn.avatar(targetUser.id, targetUser.avatar, options), isSpoiler: false };
}
