import type {
  ButtonInteraction,
  ChatInputCommandInteraction,
  RESTPostAPIChatInputApplicationCommandsJSONBody,
} from 'discord.js';
import type { Download } from '../bot/download.ts';
import type { ModelFacts } from '../jobs/job.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { Clock } from '../util/clock.ts';

/** What commands work with. */
export interface CommandContext {
  jobs: Pick<JobQueue, 'submit' | 'find' | 'cancel'>;
  download: Download;
  /**
   * A first look at a file's bytes, without decoding.
   * @throws UserError it cannot be a picture
   */
  checkPicture: (bytes: Uint8Array) => void;
  model: ModelFacts;
  /** The operator's cap on clips; Discord's own limit for the place still holds when lower. */
  maxUploadBytes: number;
  clock: Clock;
}

/** A slash command: what Discord shows, and what it does. */
export interface Command {
  name: string;
  /** Ranges come from the model. */
  declare: (model: ModelFacts) => RESTPostAPIChatInputApplicationCommandsJSONBody;
  /** Answers within 3 s before anything else. What it throws is told by the router. */
  execute: (interaction: ChatInputCommandInteraction, context: CommandContext) => Promise<void>;
}

/** What a button on a job's message does. */
export interface ButtonAction {
  /** The custom id's first word. */
  action: string;
  execute: (interaction: ButtonInteraction, jobId: string, context: CommandContext) => Promise<void>;
}
