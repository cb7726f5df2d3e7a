import { DiscordAPIError, HTTPError, RESTJSONErrorCodes } from 'discord.js';

/** The bot may not act in that channel (any more), the channel is gone, or the person takes no messages from it. */
const closedRoute: ReadonlySet<unknown> = new Set([
  RESTJSONErrorCodes.MissingAccess,
  RESTJSONErrorCodes.MissingPermissions,
  RESTJSONErrorCodes.UnknownChannel,
  RESTJSONErrorCodes.CannotSendMessagesToThisUser,
  RESTJSONErrorCodes.CannotSendMessagesToThisUserDueToHavingNoMutualGuilds,
]);

/** The interaction's token has run out. */
const deadToken: ReadonlySet<unknown> = new Set([
  RESTJSONErrorCodes.InvalidWebhookToken,
  RESTJSONErrorCodes.UnknownWebhook,
  RESTJSONErrorCodes.UnknownInteraction,
]);

/** Whether the route is closed to the bot, so that only another route can help. */
export function isRouteClosed(error: unknown): boolean {
  return error instanceof DiscordAPIError && (closedRoute.has(error.code) || deadToken.has(error.code));
}

/** Whether the message was deleted or dismissed, or is too old to take edits. */
export function isMessageGone(error: unknown): boolean {
  return (
    error instanceof DiscordAPIError &&
    (error.code === RESTJSONErrorCodes.UnknownMessage ||
      error.code === RESTJSONErrorCodes.MaximumNumberOfEditsToMessagesOlderThanOneHourReached)
  );
}

/** Whether Discord refused the upload for its size. */
export function isUploadTooLarge(error: unknown): boolean {
  if (error instanceof DiscordAPIError) {
    return error.code === RESTJSONErrorCodes.RequestEntityTooLarge || error.status === 413;
  }
  return error instanceof HTTPError && error.status === 413;
}

/** Whether the same request may succeed later: Discord's side broke, or the connection. */
export function isTransient(error: unknown): boolean {
  if (error instanceof DiscordAPIError || error instanceof HTTPError) return error.status >= 500;
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (cause.name === 'AbortError' || cause.name === 'TimeoutError') return true;
    if ('code' in cause && typeof cause.code === 'string' && /^(E[A-Z]+|UND_ERR_\w+)$/.test(cause.code)) return true;
  }
  return false;
}
