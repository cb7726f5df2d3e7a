import {
  type APIActionRowComponent,
  type APIButtonComponent,
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  ButtonStyle,
  type ChatInputCommandInteraction,
  ComponentType,
  InteractionContextType,
  MessageFlags,
} from 'discord.js';
import { buttonId } from '../bot/button-id.ts';
import type { KinoraMessages } from '../bot/languages/admin-messages.ts';
import { UserError } from '../errors.ts';
import type { Command, CommandContext, MessageButton } from './command.ts';
import { localizedDescription, messagesFor } from './i18n.ts';

/** `/kinora about | forget | ping`: what this bot is and keeps, and what a person may decide about that. */
export const kinora = {
  name: 'kinora',
  declare: () => ({
    name: 'kinora',
    ...localizedDescription((messages) => messages.kinora.description),
    contexts: [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel],
    integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
    options: [
      {
        type: ApplicationCommandOptionType.Subcommand,
        name: 'about',
        ...localizedDescription((messages) => messages.kinora.about),
      },
      {
        type: ApplicationCommandOptionType.Subcommand,
        name: 'forget',
        ...localizedDescription((messages) => messages.kinora.forget),
      },
      {
        type: ApplicationCommandOptionType.Subcommand,
        name: 'ping',
        ...localizedDescription((messages) => messages.kinora.ping),
        options: [
          {
            type: ApplicationCommandOptionType.Boolean,
            name: 'wanted',
            ...localizedDescription((messages) => messages.kinora.wanted),
            required: true,
          },
        ],
      },
    ],
  }),
  async execute(interaction, context) {
    if (interaction.options.getSubcommand() === 'forget') {
      const { kinora: messages } = await messagesFor(interaction, context.guildSettings);
      const components = [forgetRow(messages)];
      await interaction.reply({ content: messages.forgetQuestion, components, flags: MessageFlags.Ephemeral });
      return;
    }
    const content = await answerTo(interaction, context);
    await interaction.reply({ content, flags: MessageFlags.Ephemeral });
  },
} satisfies Command;

/** Under the question of `/kinora forget`: it is answered once. */
export const forgetButtons: readonly MessageButton[] = [
  forgetButton('forget', async (userId, messages, { forget }) => messages.forgotten(await forget(userId))),
  forgetButton('forget-keep', async (_, messages) => messages.nothingForgotten),
];

function forgetButton(
  action: string,
  answer: (userId: string, messages: KinoraMessages, context: CommandContext) => Promise<string>,
): MessageButton {
  return {
    action,
    async execute(interaction, context) {
      const { user, message } = interaction;
      // Only the asker sees the question; what is deleted is the presser's, who has to be the one that was asked.
      if (message.interactionMetadata?.user.id !== user.id) {
        throw new UserError('not-yours', 'Somebody else was asked.');
      }
      // Once: a second press, from another device maybe, must not overwrite the answer to the first.
      if (context.answeredOnce.use(`forget ${message.id}`) !== undefined) {
        await interaction.deferUpdate();
        return;
      }
      const { kinora: messages } = await messagesFor(interaction, context.guildSettings);
      // Acknowledged at once, and without the buttons: it may take longer than Discord waits. It is done in any case.
      const [acknowledged, answered] = await Promise.allSettled([
        interaction.update({ content: messages.forgetting, components: [] }),
        answer(user.id, messages, context),
      ]);
      if (answered.status === 'rejected') throw answered.reason;
      if (acknowledged.status === 'rejected') throw acknowledged.reason;
      await interaction.editReply({ content: answered.value });
    },
  };
}

function forgetRow({ forgetButtons: labels }: KinoraMessages): APIActionRowComponent<APIButtonComponent> {
  const button = (action: string, style: ButtonStyle.Danger | ButtonStyle.Secondary, label: string) => ({
    type: ComponentType.Button as const,
    style,
    label,
    custom_id: buttonId({ action }),
  });
  return {
    type: ComponentType.ActionRow,
    components: [
      button('forget', ButtonStyle.Danger, labels.forget),
      button('forget-keep', ButtonStyle.Secondary, labels.keep),
    ],
  };
}

async function answerTo(interaction: ChatInputCommandInteraction, context: CommandContext): Promise<string> {
  const { kinora: messages } = await messagesFor(interaction, context.guildSettings);
  const userId = interaction.user.id;
  switch (interaction.options.getSubcommand()) {
    case 'ping': {
      const wanted = interaction.options.getBoolean('wanted', true);
      await context.userSettings.setWantsPing(userId, wanted);
      return wanted ? messages.pings.on : messages.pings.off;
    }
    default: {
      const { retentionHours, provider, ...about } = context.about;
      const versions = { ...about, provider: provider() };
      const wantsPing = await context.userSettings.wantsPing(userId);
      const ping = wantsPing ? messages.pings.on : messages.pings.off;
      return [messages.versions(versions), messages.licence, messages.kept(retentionHours), ping].join('\n\n');
    }
  }
}
