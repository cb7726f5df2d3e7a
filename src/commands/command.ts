import type { Download } from '../bot/download.ts';
import type { PictureSource } from '../bot/find-pictures.ts';
import type * as handlers from '../bot/handlers.ts';
import type { ReadClipSettings } from '../bot/read-clip-settings.ts';
import type { JobQueue } from '../queue/types.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Cooldown } from '../util/cooldown.ts';
import type { AdminContext } from './admin-context.ts';

/** What commands work with. */
export interface CommandContext extends AdminContext {
  jobs: Pick<
    JobQueue,
    'check' | 'submit' | 'find' | 'cancel' | 'estimatePosition' | 'overview' | 'undelivered' | 'redeliver'
  >;
  /** What is kept of jobs that have ended. */
  archive: Pick<JobStore, 'hasPicture' | 'clip' | 'made'>;
  download: Download;
  /** Looks into the files of clips, wherever they were made. */
  readClipSettings: ReadClipSettings;
  /** What the target of a message command replies to, as it came along with that interaction; once. */
  repliedTo: (interactionId: string) => PictureSource | undefined;
  /**
   * Looks at a picture before it waits, and before cooldown and quota count it.
   * @throws UserError it cannot be animated
   */
  checkPicture: (bytes: Uint8Array) => Promise<void>;
  /** Remembers which questions were answered. */
  answeredOnce: Cooldown;
  model: ModelCapabilities;
  /** The operator's cap on clips; Discord's own limit for the place still holds when lower. */
  maxUploadBytes: number;
  clock: Clock;
}

export type Command = handlers.Command<CommandContext>;
export type MessageCommand = handlers.MessageCommand<CommandContext>;
export type ButtonAction = handlers.ButtonAction<CommandContext>;
export type MessageButton = handlers.MessageButton<CommandContext>;
export type FormAction = handlers.FormAction<CommandContext>;
export type MenuAction = handlers.MenuAction<CommandContext>;
export type Handlers = handlers.Handlers<CommandContext>;
