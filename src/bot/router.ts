import { randomBytes } from 'node:crypto';
import { type ButtonInteraction, type ChatInputCommandInteraction, type Interaction, MessageFlags } from 'discord.js';
import type { ButtonAction, Command, CommandContext } from '../commands/command.ts';
import { UserError } from '../errors.ts';
import type { Log } from '../util/log.ts';
import { parseButtonId } from './button-id.ts';
import { chooseTexts } from './languages/choose-texts.ts';
import { explainError } from './languages/explain-error.ts';

/** What {@link createRouter} works with. */
export interface RouterOptions {
  commands: readonly Command[];
  buttonActions: readonly ButtonAction[];
  context: CommandContext;
  log: Log;
}

type Answerable = ChatInputCommandInteraction | ButtonInteraction;

/** Brings interactions to their commands, and what goes wrong there back to the person. Never rejects. */
export function createRouter({ commands, buttonActions, context, log }: RouterOptions) {
  async function run(interaction: Answerable): Promise<void> {
    if (interaction.isChatInputCommand()) {
      const command = commands.find(({ name }) => name === interaction.commandName);
      if (!command) throw new UserError('action-unknown', `No command is called ${interaction.commandName}.`);
      await command.execute(interaction, context);
      return;
    }
    const press = parseButtonId(interaction.customId);
    const button = buttonActions.find(({ action }) => action === press?.action);
    if (!press || !button) throw new UserError('action-unknown', `No action for ${interaction.customId}.`);
    await button.execute(interaction, press.jobId, context);
  }

  return async (interaction: Interaction): Promise<void> => {
    if (!interaction.isChatInputCommand() && !interaction.isButton()) return;
    try {
      await run(interaction);
    } catch (error) {
      const id = randomBytes(2).toString('hex');
      const isUsers = error instanceof UserError;
      log[isUsers ? 'info' : 'error'](
        { errorId: id, userId: interaction.user.id, err: error },
        'an interaction failed',
      );
      const content = explainError(error, chooseTexts(interaction.locale), id);
      await answer(interaction, content).catch((err: unknown) => {
        log.warn({ errorId: id, err }, 'the failure could not be told');
      });
    }
  };
}

/** A command's answer says what went wrong; a button's message belongs to everybody, so there it is whispered. */
async function answer(interaction: Answerable, content: string): Promise<void> {
  if (interaction.isChatInputCommand() && interaction.deferred) {
    await interaction.editReply({ content, components: [] });
  } else if (interaction.deferred || interaction.replied) {
    await interaction.followUp({ content, flags: MessageFlags.Ephemeral });
  } else {
    await interaction.reply({ content, flags: MessageFlags.Ephemeral });
  }
}
