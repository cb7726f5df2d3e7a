import type {
  AutocompleteInteraction,
  ButtonInteraction,
  ChatInputCommandInteraction,
  MessageContextMenuCommandInteraction,
  ModalSubmitInteraction,
  RESTPostAPIChatInputApplicationCommandsJSONBody,
  RESTPostAPIContextMenuApplicationCommandsJSONBody,
  StringSelectMenuInteraction,
} from 'discord.js';
import type { Download } from '../bot/download.ts';
import type { PictureSource } from '../bot/find-pictures.ts';
import type { ReadClipSettings } from '../bot/read-clip-settings.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { ModelFacts } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { DeskContext } from './admin-context.ts';

/** What commands work with. */
export interface CommandContext extends DeskContext {
  jobs: Pick<JobQueue, 'check' | 'submit' | 'find' | 'cancel' | 'foresee' | 'overview' | 'undelivered' | 'redeliver'>;
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
  /** Proposes values while a person types. */
  autocomplete?: (interaction: AutocompleteInteraction, context: CommandContext) => Promise<void>;
}

/** A command in the menu of a message. */
export interface MessageCommand {
  name: string;
  declare: () => RESTPostAPIContextMenuApplicationCommandsJSONBody;
  /** As {@link Command.execute}. */
  execute: (interaction: MessageContextMenuCommandInteraction, context: CommandContext) => Promise<void>;
}

/** What a button on a job's message does. */
export interface ButtonAction {
  /** The custom id's first word. */
  action: string;
  execute: (interaction: ButtonInteraction, jobId: string, context: CommandContext) => Promise<void>;
}

/** What the form does that a button of the same action opened. */
export interface FormAction {
  /** The custom id's first word. */
  action: string;
  execute: (interaction: ModalSubmitInteraction, jobId: string, context: CommandContext) => Promise<void>;
}

/** What a menu of choices does. */
export interface MenuAction {
  customId: string;
  execute: (interaction: StringSelectMenuInteraction, context: CommandContext) => Promise<void>;
}

/** Everything that an interaction can lead to. */
export interface Handlers {
  commands: readonly Command[];
  messageCommands: readonly MessageCommand[];
  buttonActions: readonly ButtonAction[];
  formActions: readonly FormAction[];
  menuActions: readonly MenuAction[];
}
