import { DiscordAPIError, HTTPError, RESTJSONErrorCodes } from 'discord.js';
import { AppError, DiscordError } from '../errors.ts';

/** Refusals of the moment, although their status is one of the client's mistakes. */
const momentary: ReadonlySet<unknown> = new Set([
  RESTJSONErrorCodes.ActionCannotBePerformedDueToSlowmodeRateLimit,
  RESTJSONErrorCodes.ChannelWriteRateLimit,
  RESTJSONErrorCodes.ServerWriteRateLimit,
  RESTJSONErrorCodes.OpeningDirectMessagesTooFast,
  RESTJSONErrorCodes.SendMessagesHasBeenTemporarilyDisabled,
  RESTJSONErrorCodes.FeatureTemporarilyDisabledServerSide,
  RESTJSONErrorCodes.ServiceResourceIsBeingRateLimited,
  RESTJSONErrorCodes.APIResourceOverloaded,
]);

/** Statuses that say "later" or "who are you", and nothing about the request itself. */
const momentaryStatuses: ReadonlySet<number> = new Set([401, 408, 425, 429]);

/** Tokens of interactions end with a 401 that is about the token, and not about the bot. */
const deadToken: ReadonlySet<unknown> = new Set([
  RESTJSONErrorCodes.InvalidWebhookToken,
  RESTJSONErrorCodes.UnknownWebhook,
  RESTJSONErrorCodes.UnknownInteraction,
]);

/**
 * Whether Discord refuses this request for good, so that only another way to the requester can help: no rights, no
 * channel, an archived thread, AutoMod, an old message, a dead token. Never an upload that is too large, which is
 * answered by a smaller one.
 */
export function isRouteClosed(error: unknown): boolean {
  if (isTokenDead(error)) return true;
  if (!(error instanceof DiscordAPIError) || isUploadTooLarge(error)) return false;
  // Without a code it is not Discord's API that answered, but something in between.
  if (typeof error.code !== 'number' || error.code === 0 || momentary.has(error.code)) return false;
  return error.status >= 400 && error.status < 500 && !momentaryStatuses.has(error.status);
}

/** Whether the token of an interaction is not taken any more, whatever is asked with it. */
export function isTokenDead(error: unknown): boolean {
  if (error instanceof DiscordError) return error.code === 'token-ended';
  return error instanceof DiscordAPIError && deadToken.has(error.code);
}

/** Whether the message was deleted or dismissed. */
export function isMessageDeleted(error: unknown): boolean {
  return error instanceof DiscordAPIError && error.code === RESTJSONErrorCodes.UnknownMessage;
}

/** Whether the message was deleted or dismissed, or is too old to take edits. */
export function isMessageGone(error: unknown): boolean {
  const tooOld = RESTJSONErrorCodes.MaximumNumberOfEditsToMessagesOlderThanOneHourReached;
  return isMessageDeleted(error) || (error instanceof DiscordAPIError && error.code === tooOld);
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
  if (error instanceof DiscordAPIError) return !isUploadTooLarge(error) && !isRouteClosed(error);
  if (error instanceof HTTPError) return error.status >= 500 || momentaryStatuses.has(error.status);
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (cause.name === 'AbortError' || cause.name === 'TimeoutError') return true;
    if ('code' in cause && typeof cause.code === 'string' && /^(E[A-Z_]+|UND_ERR_\w+)$/.test(cause.code)) return true;
  }
  return false;
}

/** The same error with its scope, where Discord's or the network's answer says one; Kinora's own errors as they are. */
export function scopedDiscordError(error: unknown): unknown {
  if (error instanceof AppError || !isTransient(error)) return error;
  return new DiscordError('discord-unavailable', 'Discord cannot be reached or failed.', {
    cause: error,
    scope: 'transient',
  });
}
