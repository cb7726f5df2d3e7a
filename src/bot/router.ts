import {
  ApplicationIntegrationType,
  type AutocompleteInteraction,
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  type Interaction,
  type MessageContextMenuCommandInteraction,
  MessageFlags,
  type ModalSubmitInteraction,
  type StringSelectMenuInteraction,
  type UserContextMenuCommandInteraction,
} from 'discord.js';
import { UserError } from '../errors.ts';
import type { GuildSettingsStore } from '../storage/guild-settings.ts';
import type { Log } from '../util/log.ts';
import type { Asker } from './access.ts';
import { parseButtonId } from './button-id.ts';
import { isRouteClosed } from './discord-errors.ts';
import type { Handlers } from './handlers.ts';
import { chooseMessages } from './languages/choose-messages.ts';
import { explainError } from './languages/explain-error.ts';
import { logFailure } from './log-failure.ts';

/** What the router itself needs of the commands' context. */
interface RouterContext {
  guildSettings: Pick<GuildSettingsStore, 'of'>;
}

/** What {@link createRouter} works with. */
export interface RouterOptions<Context> {
  handlers: Handlers<Context>;
  context: Context;
  /** Holds everything but proposals to the operator's rules; what it throws is told to the asker alone. */
  checkAccess: (asker: Asker) => Promise<void>;
  log: Log;
}

type Answerable =
  | ChatInputCommandInteraction
  | MessageContextMenuCommandInteraction
  | UserContextMenuCommandInteraction
  | ButtonInteraction
  | StringSelectMenuInteraction
  | ModalSubmitInteraction;

/** Brings interactions to their commands, and what goes wrong there back to the person. Never rejects. */
export function createRouter<Context extends RouterContext>(options: RouterOptions<Context>) {
  const { handlers, context, checkAccess, log } = options;

  async function run(interaction: Answerable): Promise<void> {
    if (interaction.isChatInputCommand()) {
      const command = handlers.commands.find(({ name }) => name === interaction.commandName);
      return known(command, interaction.commandName).execute(interaction, context);
    }
    if (interaction.isMessageContextMenuCommand()) {
      const command = handlers.messageCommands.find(({ name }) => name === interaction.commandName);
      return known(command, interaction.commandName).execute(interaction, context);
    }
    if (interaction.isUserContextMenuCommand()) {
      const command = handlers.userCommands.find(({ name }) => name === interaction.commandName);
      return known(command, interaction.commandName).execute(interaction, context);
    }
    const { customId } = interaction;
    if (interaction.isStringSelectMenu()) {
      const menu = handlers.menuActions.find((candidate) => candidate.customId === customId);
      return known(menu, customId).execute(interaction, context);
    }
    const { action, jobId } = known(parseButtonId(customId), customId);
    if (jobId === undefined) {
      const button = interaction.isButton()
        ? handlers.messageButtons.find((candidate) => candidate.action === action)
        : undefined;
      return known(button, customId).execute(interaction as ButtonInteraction, context);
    }
    if (interaction.isModalSubmit()) {
      const form = handlers.formActions.find((candidate) => candidate.action === action);
      return known(form, customId).execute(interaction, jobId, context);
    }
    const button = handlers.buttonActions.find((candidate) => candidate.action === action);
    return known(button, customId).execute(interaction, jobId, context);
  }

  async function propose(interaction: AutocompleteInteraction): Promise<void> {
    const command = handlers.commands.find(({ name }) => name === interaction.commandName);
    try {
      await command?.autocomplete?.(interaction, context);
    } catch (err) {
      // Proposals are a help; a person types on without them.
      log.warn({ userId: interaction.user.id, err }, 'nothing could be proposed');
    }
  }

  /** Where even that cannot be read, the person is told in their own language. */
  async function localeFor({ guildId, locale, user }: Answerable): Promise<string> {
    try {
      return (await context.guildSettings.of(guildId)).locale ?? locale;
    } catch (err) {
      log.warn({ userId: user.id, err }, 'the language of a server could not be read');
      return locale;
    }
  }

  return async (interaction: Interaction): Promise<void> => {
    if (interaction.isAutocomplete()) return propose(interaction);
    if (!isAnswerable(interaction)) return;
    try {
      await checkAccess(askerOf(interaction));
      await run(interaction);
    } catch (error) {
      const id = logFailure(log, error, { what: 'interaction', userId: interaction.user.id });
      const locale = await localeFor(interaction);
      const content = explainError(error, chooseMessages(locale), id);
      await answer(interaction, content).catch((err: unknown) => {
        log.warn({ errorId: id, err }, 'the failure could not be told');
      });
    }
  };
}

function isAnswerable(interaction: Interaction): interaction is Answerable {
  return (
    interaction.isChatInputCommand() ||
    interaction.isMessageContextMenuCommand() ||
    interaction.isUserContextMenuCommand() ||
    interaction.isButton() ||
    interaction.isStringSelectMenu() ||
    interaction.isModalSubmit()
  );
}

/** Where no installation is named, none of a person's is assumed. */
function askerOf({ guildId, user, authorizingIntegrationOwners: owners }: Answerable): Asker {
  const installs: typeof owners | undefined = owners;
  const isOf = (type: ApplicationIntegrationType) => installs?.[type] !== undefined;
  return {
    userId: user.id,
    guildId,
    isUserInstall: isOf(ApplicationIntegrationType.UserInstall) && !isOf(ApplicationIntegrationType.GuildInstall),
  };
}

/** @throws UserError `action-unknown`: an older version of the bot declared it */
function known<T>(handler: T | undefined, name: string): T {
  if (handler === undefined) throw new UserError('action-unknown', `Nothing is known of ${name}.`);
  return handler;
}

/**
 * Says what went wrong to the asker alone. A public "thinking…" is deleted first: the first follow-up to a deferred answer
 * takes that answer's place, and would be as public as it.
 */
async function answer(interaction: Answerable, content: string): Promise<void> {
  if (!interaction.deferred && !interaction.replied) {
    await interaction.reply({ content, flags: MessageFlags.Ephemeral });
  } else if (interaction.deferred && hasOwnAnswer(interaction) && interaction.ephemeral) {
    await interaction.editReply({ content, components: [] });
  } else {
    if (interaction.deferred && hasOwnAnswer(interaction) && !(await deletesAnswer(interaction))) {
      // It cannot be taken away, and must not stay as a promise.
      await interaction.editReply({ content, components: [] });
      return;
    }
    try {
      await interaction.followUp({ content, flags: MessageFlags.Ephemeral });
    } catch {
      // The token is too old, or takes no more follow-ups.
      await interaction.user.send({ content });
    }
  }
}

/** Whether the deferred answer is gone, by this or because somebody deleted it. */
async function deletesAnswer(interaction: Answerable): Promise<boolean> {
  try {
    await interaction.deleteReply();
    return true;
  } catch (err) {
    return isRouteClosed(err);
  }
}

/** Commands have; components only where a new message was deferred, not an update of the one they are on. */
function hasOwnAnswer(interaction: Answerable): boolean {
  return interaction.isCommand() || interaction.ephemeral !== null;
}
