import {
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  type ChatInputCommandInteraction,
  InteractionContextType,
  MessageFlags,
} from 'discord.js';
import type { Command, CommandContext } from './command.ts';
import { described, textsFor } from './i18n.ts';

/** `/kinora about | forget | ping`: what this bot is and keeps, and what a person may decide about that. */
export const kinora = {
  name: 'kinora',
  declare: () => ({
    name: 'kinora',
    ...described((texts) => texts.kinora.description),
    contexts: [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel],
    integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
    options: [
      {
        type: ApplicationCommandOptionType.Subcommand,
        name: 'about',
        ...described((texts) => texts.kinora.about),
      },
      {
        type: ApplicationCommandOptionType.Subcommand,
        name: 'forget',
        ...described((texts) => texts.kinora.forget),
      },
      {
        type: ApplicationCommandOptionType.Subcommand,
        name: 'ping',
        ...described((texts) => texts.kinora.ping),
        options: [
          {
            type: ApplicationCommandOptionType.Boolean,
            name: 'wanted',
            ...described((texts) => texts.kinora.wanted),
            required: true,
          },
        ],
      },
    ],
  }),
  async execute(interaction, context) {
    const content = answerTo(interaction, context);
    await interaction.reply({ content, flags: MessageFlags.Ephemeral });
  },
} satisfies Command;

function answerTo(interaction: ChatInputCommandInteraction, context: CommandContext): string {
  const { kinora: texts } = textsFor(interaction, context.guildSettings);
  const userId = interaction.user.id;
  switch (interaction.options.getSubcommand()) {
    case 'forget':
      return texts.forgotten(context.forget(userId));
    case 'ping': {
      const wanted = interaction.options.getBoolean('wanted', true);
      context.userSettings.setWantsPing(userId, wanted);
      return wanted ? texts.pings.on : texts.pings.off;
    }
    default: {
      const { retentionHours, ...versions } = context.about;
      const ping = context.userSettings.wantsPing(userId) ? texts.pings.on : texts.pings.off;
      return [texts.versions(versions), texts.licence, texts.kept(retentionHours), ping].join('\n\n');
    }
  }
}
