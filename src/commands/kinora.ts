import {
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  type ChatInputCommandInteraction,
  InteractionContextType,
  MessageFlags,
} from 'discord.js';
import type { Command, CommandContext } from './command.ts';
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
    const content = await answerTo(interaction, context);
    await interaction.reply({ content, flags: MessageFlags.Ephemeral });
  },
} satisfies Command;

async function answerTo(interaction: ChatInputCommandInteraction, context: CommandContext): Promise<string> {
  const { kinora: messages } = await messagesFor(interaction, context.guildSettings);
  const userId = interaction.user.id;
  switch (interaction.options.getSubcommand()) {
    case 'forget':
      return messages.forgotten(await context.forget(userId));
    case 'ping': {
      const wanted = interaction.options.getBoolean('wanted', true);
      await context.userSettings.setWantsPing(userId, wanted);
      return wanted ? messages.pings.on : messages.pings.off;
    }
    default: {
      const { retentionHours, ...versions } = context.about;
      const wantsPing = await context.userSettings.wantsPing(userId);
      const ping = wantsPing ? messages.pings.on : messages.pings.off;
      return [messages.versions(versions), messages.licence, messages.kept(retentionHours), ping].join('\n\n');
    }
  }
}
