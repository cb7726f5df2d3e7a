import type { JobProgress } from '../../queue/job-listener.ts';
import type { AdminMessages, ConfigMessages, KinoraMessages, QueueMessages } from './admin-messages.ts';
import type { AnimateMessages, ClipMessages } from './clip-messages.ts';

/** Values that an error's text may name. */
export type ErrorDetails = Readonly<Record<string, string | number>>;

/** Everything the bot says, in one language. Moments arrive as Discord timestamps, which count down by themselves. */
export interface Messages {
  animate: AnimateMessages;
  clip: ClipMessages;
  cancelButton: string;
  /** Under a clip that is being made: begins anew. */
  seedButton: string;
  /** What a screen reader says of a preview. */
  previewAltText: string;
  queued(place: { position: number }): string;
  startsAt(moment: string): string;
  readyAt(moment: string): string;
  /** In a waiting clip's message while a fault of the machine keeps all clips waiting. */
  paused: string;
  stages: Readonly<Record<JobProgress['stage'], string>>;
  step(count: { step: number; steps: number }): string;
  /** Before a direct message: the place it belongs to, as a mention, is closed to the bot. */
  sentHere(place: string): string;
  /** Before a direct message: the message of the job, in that place, was deleted. */
  sentDeleted(place: string): string;
  /** Before a direct message that explains why there is no clip: where it was asked for. */
  aboutClip(place: string): string;
  /** Before a direct message: Discord's time for an answer there is over. */
  sentLate: string;
  cancelled: string;
  postponed: string;
  /** Mentions who waited long, under their clip. */
  readyPing(person: string): string;
  queue: QueueMessages;
  kinora: KinoraMessages;
  config: ConfigMessages;
  admin: AdminMessages;
  /** Who waits, for all to see beside the bot's name. */
  presence: {
    idle: string;
    paused: string;
    /** A fault of the machine keeps all clips waiting. */
    hostPaused: string;
    busy(count: { running: number; waiting: number }): string;
  };
  /** For everything that is not the person's to mend; `id` leads to the log. */
  broke(id: string): string;
  /** As Discord's own settings call them. */
  permissions: Readonly<Record<NeededPermission, string>>;
  /** By the code of a `UserError`. */
  errors: Readonly<Record<UserErrorCode, (details: ErrorDetails) => string>>;
}

/** What the bot must be allowed to do in a channel, by Discord's names. */
export type NeededPermission =
  | 'ViewChannel'
  | 'SendMessages'
  | 'SendMessagesInThreads'
  | 'AttachFiles'
  | 'ReadMessageHistory';

/** Codes of `UserError`s that may reach a person, wherever they are thrown. A test holds the list complete. */
export const userErrorCodes = [
  'picture-empty',
  'picture-too-many-bytes', // sizeMb, limitMb
  'picture-not-a-picture', // found
  'picture-unsupported', // found
  'picture-heic',
  'picture-blank',
  'picture-too-many-pixels', // limitMegapixels
  'picture-too-large-interlaced', // width, height, limitMegapixels
  'picture-broken',
  'picture-timeout', // limitSeconds
  'picture-host',
  'picture-unreachable',
  'picture-slow', // limitSeconds
  'option-range', // option, min, max
  'settings-invalid', // setting, value, from, to, multipleOf (0: any number, 1: whole numbers)
  'settings-invalid-name', // setting, value, names
  'bad-steps', // sampler, steps, from, to
  'schedule-not-for-sampler', // sampler, schedule
  'sampler-not-for-two-pictures', // sampler
  'end-of-seamless-loop',
  'permissions-missing', // permissions: Discord's names, separated by commas; shown translated
  'clip-too-large',
  'clip-undeliverable',
  'going-down',
  'storage-failed',
  'not-yours',
  'requester-only',
  'job-unknown',
  'too-late',
  'no-other-seed', // limit
  'draining',
  'limit-waiting-user', // limit, freeAtMs (shown as `moment`; may be missing), clips (for how many what was asked for counts)
  'limit-waiting-guild', // limit, freeAtMs, clips
  'limit-waiting-total', // limit, freeAtMs, clips
  'limit-cooldown', // limit: seconds, freeAtMs
  'limit-quota', // limit, freeAtMs, clips
  'limit-steps', // limit
  'limit-frames', // limit
  'picture-unsafe',
  'clip-unsafe',
  'blocked-user',
  'blocked-guild',
  'guild-not-allowed',
  'members-only',
  'user-install-off',
  'place-channel', // places: mentions; more: how many are left out
  'place-role', // roles: mentions; more
  'place-age',
  'managers-only',
  'operators-only',
  'block-target',
  'action-unknown',
  'preset-unknown', // name
  'style-unknown', // name, known: names, '' where there are none
  'style-broken', // name
  'wait-too-long', // freeAtMs: when it would be ready (shown as `moment`)
  'no-avatar',
  'thread-locked',
  'already-asked',
  'reaction-unanswered',
  'no-picture-there',
  'clip-expired',
  'picture-forgotten',
  'already-smooth',
  'already-largest',
  'already-under-way',
  'variation-picked', // number
  'variations-expired', // number, seed
  'clip-longest', // limit
  'no-settings-there',
  'number-needed', // option
  'list-full', // limit
  'too-often', // freeAtMs (shown as `moment`)
] as const;
type UserErrorCode = (typeof userErrorCodes)[number];
