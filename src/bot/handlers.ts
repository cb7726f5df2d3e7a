import type {
  AutocompleteInteraction,
  ButtonInteraction,
  ChatInputCommandInteraction,
  MessageContextMenuCommandInteraction,
  ModalSubmitInteraction,
  RESTPostAPIChatInputApplicationCommandsJSONBody,
  RESTPostAPIContextMenuApplicationCommandsJSONBody,
  StringSelectMenuInteraction,
  UserContextMenuCommandInteraction,
} from 'discord.js';
import type { ModelCapabilities } from '../storage/job.ts';

/** A slash command: what Discord shows, and what it does. `Context` is what commands work with; this folder never looks into it. */
export interface Command<Context> {
  name: string;
  /** Ranges come from the model. */
  declare: (model: ModelCapabilities) => RESTPostAPIChatInputApplicationCommandsJSONBody;
  /** Answers within 3 s before anything else. What it throws is told by the router. */
  execute: (interaction: ChatInputCommandInteraction, context: Context) => Promise<void>;
  /** Proposes values while a person types. */
  autocomplete?: (interaction: AutocompleteInteraction, context: Context) => Promise<void>;
}

/** A command in the menu of a message. */
export interface MessageCommand<Context> {
  name: string;
  declare: () => RESTPostAPIContextMenuApplicationCommandsJSONBody;
  /** As {@link Command.execute}. */
  execute: (interaction: MessageContextMenuCommandInteraction, context: Context) => Promise<void>;
}

/** A command in the menu of a person. */
export interface UserCommand<Context> {
  name: string;
  declare: () => RESTPostAPIContextMenuApplicationCommandsJSONBody;
  /** As {@link Command.execute}. */
  execute: (interaction: UserContextMenuCommandInteraction, context: Context) => Promise<void>;
}

/** What a button on a job's message does. */
export interface ButtonAction<Context> {
  /** The custom id's first word. */
  action: string;
  execute: (interaction: ButtonInteraction, jobId: string, context: Context) => Promise<void>;
}

/** What a button does that is about its own message and no job. */
export interface MessageButton<Context> {
  /** The custom id. */
  action: string;
  execute: (interaction: ButtonInteraction, context: Context) => Promise<void>;
}

/** What the form does that a button of the same action opened. */
export interface FormAction<Context> {
  /** The custom id's first word. */
  action: string;
  execute: (interaction: ModalSubmitInteraction, jobId: string, context: Context) => Promise<void>;
}

/** What a menu of choices does. */
export interface MenuAction<Context> {
  customId: string;
  execute: (interaction: StringSelectMenuInteraction, context: Context) => Promise<void>;
}

/** Everything that an interaction can lead to. */
export interface Handlers<Context> {
  commands: readonly Command<Context>[];
  messageCommands: readonly MessageCommand<Context>[];
  userCommands: readonly UserCommand<Context>[];
  buttonActions: readonly ButtonAction<Context>[];
  messageButtons: readonly MessageButton<Context>[];
  formActions: readonly FormAction<Context>[];
  menuActions: readonly MenuAction<Context>[];
}
