import type { Download } from '../bot/download.ts';
import type * as handlers from '../bot/handlers.ts';
import type { RawInteraction } from '../bot/raw-interactions.ts';
import type { ReadClipSettings } from '../bot/read-clip-settings.ts';
import type { forgetUser } from '../queue/forget-user.ts';
import type { ExpectedTimes } from '../queue/render-work.ts';
import type { JobQueue, QueueMode } from '../queue/types.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Limits } from '../storage/limits.ts';
import type { Repositories } from '../storage/open-storage.ts';
import type { Clock } from '../util/clock.ts';
import type { Cooldown } from '../util/cooldown.ts';

/** What the commands work with that make no clips. */
interface AdminContext {
  guildSettings: Repositories['guildSettings'];
  userSettings: Repositories['userSettings'];
  /** The operator's, which hold everywhere. */
  limits: Limits;
  /** Deletes what is kept about a user. */
  forget: (userId: string) => ReturnType<typeof forgetUser>;
  about: {
    kinora: string;
    node: string;
    model: string;
    /** What runs the model; undefined where that shows only with the first clip. */
    provider: () => string | undefined;
    retentionHours: number;
  };
  operator: Operator;
}

/** What only the application's owner may do. */
interface Operator {
  isOperator(userId: string): Promise<boolean>;
  /** Over restarts. */
  setMode(mode: QueueMode): Promise<void>;
  status(): { servers: number; startedAtMs: number };
  blocks: Repositories['blocks'];
  uses: Repositories['uses'];
}

/** What commands work with. */
export interface CommandContext extends AdminContext {
  jobs: Pick<
    JobQueue,
    | 'check'
    | 'submit'
    | 'find'
    | 'cancel'
    | 'estimatePosition'
    | 'overview'
    | 'workers'
    | 'styleFaults'
    | 'undelivered'
    | 'reseed'
    | 'redeliver'
  >;
  /** What is kept of jobs that have ended. */
  archive: Pick<JobStore, 'hasPicture' | 'hasFrames' | 'made' | 'hasUniqueKey'>;
  /** Fetches pictures and looks at them: before they wait, and before cooldown and quota count them. */
  download: Download;
  /** Looks into the files of clips, wherever they were made. */
  readClipSettings: ReadClipSettings;
  /** What Discord sent along with an interaction and discord.js dropped, by the interaction's id. */
  rawInteraction: (interactionId: string) => RawInteraction | undefined;
  /** Remembers which questions were answered. */
  answeredOnce: Cooldown;
  model: ModelCapabilities;
  /** How long what is asked for takes, as far as that is known. */
  times: ExpectedTimes;
  /** The operator's cap on clips; Discord's own limit for the place still holds when lower. */
  maxUploadBytes: number;
  clock: Clock;
}

export type Command = handlers.Command<CommandContext>;
export type MessageCommand = handlers.MessageCommand<CommandContext>;
export type UserCommand = handlers.UserCommand<CommandContext>;
export type ButtonAction = handlers.ButtonAction<CommandContext>;
export type MessageButton = handlers.MessageButton<CommandContext>;
export type FormAction = handlers.FormAction<CommandContext>;
export type MenuAction = handlers.MenuAction<CommandContext>;
export type Handlers = handlers.Handlers<CommandContext>;
