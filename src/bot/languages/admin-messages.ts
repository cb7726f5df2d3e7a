import type { QueueMode } from '../../queue/types.ts';
import type { Limits } from '../../storage/limits.ts';

/** Of `/queue`. Moments and people arrive as Discord shows them. */
export interface QueueMessages {
  description: string;
  scope: string;
  scopes: { mine: string; all: string };
  summary(count: { running: number; waiting: number }): string;
  modes: Readonly<Record<Exclude<QueueMode, 'open'>, string>>;
  /** Whoever asked in another place: their name is nobody's business here. */
  somebody: string;
  none: string;
  more(count: number): string;
  /** When the list was made: it does not change by itself. */
  asOf(moment: string): string;
  refresh: string;
  cancel(id: string): string;
  /** A fault of the machine keeps all clips waiting. */
  hostPaused: string;
  /** Above the buttons of finished clips that could not be posted. */
  undelivered(count: number): string;
  /** The label of such a button. */
  fetch(id: string): string;
  /** With the clip that was fetched so. */
  fetched: string;
  /** Fetched too late: the clip was deleted. */
  expired: string;
}

/** Of `/kinora`. */
export interface KinoraMessages {
  description: string;
  about: string;
  forget: string;
  ping: string;
  wanted: string;
  /** `provider` is undefined until the first clip shows what the machine takes. */
  versions(facts: { kinora: string; node: string; model: string; provider: string | undefined }): string;
  licence: string;
  kept(retentionHours: number): string;
  pings: { on: string; off: string };
  /** Before anything is deleted. */
  forgetQuestion: string;
  forgetButtons: { forget: string; keep: string };
  forgotten(count: { deleted: number; left: number }): string;
  /** While it is done. */
  forgetting: string;
  nothingForgotten: string;
}

/** Of `/kinora-config`. */
export interface ConfigMessages {
  description: string;
  subcommands: Readonly<Record<'show' | 'set' | 'limits' | 'allow' | 'disallow' | 'reset', string>>;
  /** Of the options, and before their values where the settings are shown. */
  options: Readonly<
    Record<
      | 'preset'
      | 'format'
      | 'spoiler'
      | 'previews'
      | 'ping'
      | 'language'
      | 'maxUpload'
      | 'ageRestrictedOnly'
      | 'channel'
      | 'role',
      string
    >
  >;
  limits: Readonly<Record<keyof Limits, string>>;
  shown: {
    title: string;
    channels: string;
    roles: string;
    everywhere: string;
    everybody: string;
    ownLanguage: string;
    ownPreset: string;
    asDiscord: string;
    unset: string;
    /** After the first entries of a long list. */
    more(count: number): string;
    yes: string;
    no: string;
  };
}

/** Of `/kinora-admin`. */
export interface AdminMessages {
  description: string;
  subcommands: Readonly<
    Record<'status' | 'pause' | 'resume' | 'drain' | 'cancel' | 'block' | 'unblock' | 'reset-quota', string>
  >;
  options: Readonly<Record<'job' | 'user' | 'guild', string>>;
  modes: Readonly<Record<QueueMode, string>>;
  status(facts: { servers: number; uptimeMoment: string }): string;
  /** What a render process does, by its name, or why it is taken out and when it is tried again. */
  worker(state: {
    name: string;
    job?: string | undefined;
    fault?: { code: string; retry: string } | undefined;
    /** Why it is given nothing (English, as in the log). */
    unfit?: string | undefined;
    /** Names of the bot's styles that it does not have: it makes all clips but those in them. */
    lacking?: string | undefined;
  }): string;
  /** Instead of what has no room. */
  moreWorkers(count: number): string;
  /** What keeps the machine from making clips (English, as in the log), since when, and when it is tried again. */
  hostFault(fault: { reason: string; since: string; retry?: string | undefined }): string;
  /** That clips wait for a style that no worker has (English, as in the log), and since when. The others are made. */
  styleFault(fault: { reason: string; since: string }): string;
  cancelled(id: string): string;
  blocked(who: string): string;
  unblocked(who: string): string;
  quotaReset(who: string): string;
}
