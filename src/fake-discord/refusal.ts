import { AppError } from '../errors.ts';
import type { JsonObject } from './payloads.ts';

/** A REST call is refused the way Discord refuses it: an HTTP status and a body with Discord's own code. */
export class Refusal extends AppError {
  readonly status: number;
  readonly body: JsonObject;

  constructor(status: number, body: JsonObject & { code: number; message: string }) {
    super('refused', body.message, { details: { status, discordCode: body.code } });
    this.status = status;
    this.body = body;
  }
}

/** Codes of Discord that the stand-in answers with: HTTP status, code, message. */
const refusals = {
  unauthorized: [401, 0, '401: Unauthorized'],
  unknownChannel: [404, 10003, 'Unknown Channel'],
  unknownGuild: [404, 10004, 'Unknown Guild'],
  unknownMember: [404, 10007, 'Unknown Member'],
  unknownMessage: [404, 10008, 'Unknown Message'],
  unknownUser: [404, 10013, 'Unknown User'],
  unknownWebhook: [404, 10015, 'Unknown Webhook'],
  unknownEmoji: [400, 10014, 'Unknown Emoji'],
  unknownInteraction: [404, 10062, 'Unknown interaction'],
  unknownCommand: [404, 10063, 'Unknown application command'],
  tooManyCommandCreates: [400, 30034, 'Max number of daily application command creates has been reached (200)'],
  tooLarge: [413, 40005, 'Request entity too large'],
  alreadyAcknowledged: [400, 40060, 'Interaction has already been acknowledged.'],
  tooManyFollowUps: [400, 40094, 'Maximum number of follow-up messages for a user-installed app has been reached (5).'],
  missingAccess: [403, 50001, 'Missing Access'],
  notInDm: [403, 50003, 'Cannot execute action on a DM channel'],
  notAuthor: [403, 50005, 'Cannot edit a message authored by another user'],
  emptyMessage: [400, 50006, 'Cannot send an empty message'],
  notTextChannel: [400, 50008, 'Cannot send messages in a non-text channel'],
  threadArchived: [400, 50083, 'Thread is archived'],
  threadLocked: [400, 160005, 'Thread is locked'],
  missingHistory: [400, 160002, 'Cannot reply without permission to read message history'],
  missingPermissions: [403, 50013, 'Missing Permissions'],
  blockedByAutoMod: [400, 200000, 'Message was blocked by automatic moderation'],
  invalidToken: [401, 50027, 'Invalid Webhook Token'],
} as const satisfies Record<string, readonly [number, number, string]>;

/** One of Discord's documented refusals by name. */
export function refuse(reason: keyof typeof refusals): Refusal {
  const [status, code, message] = refusals[reason];
  return new Refusal(status, { message, code });
}
