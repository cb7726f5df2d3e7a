import {
  type APIApplicationCommandBasicOption,
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  type ChatInputCommandInteraction,
  InteractionContextType,
} from 'discord.js';
import { localizations } from '../bot/languages/choose-texts.ts';
import { en } from '../bot/languages/en.ts';
import type { Texts } from '../bot/languages/texts.ts';
import type { ReplyAddress } from '../bot/reply-address.ts';
import { animateRanges, readAnimateOptions } from './animate-options.ts';
import { checkPermissions } from './check-permissions.ts';
import type { Command } from './command.ts';

/** How long an interaction's token takes edits. */
const tokenLifeMs = 15 * 60_000;

/** `/animate image:… [motion] [seed] [steps] [fps]`: the picture becomes a job, and the answer becomes the clip. */
export const animate = {
  name: 'animate',
  declare(model) {
    const ranges = animateRanges(model);
    const wholeNumber = (name: keyof typeof ranges): APIApplicationCommandBasicOption => ({
      type: ApplicationCommandOptionType.Integer,
      name,
      ...described((texts) => texts.animate[name]),
      min_value: ranges[name].min,
      max_value: ranges[name].max,
    });
    return {
      name: 'animate',
      ...described((texts) => texts.animate.description),
      contexts: [InteractionContextType.Guild, InteractionContextType.BotDM],
      integration_types: [ApplicationIntegrationType.GuildInstall],
      options: [
        {
          type: ApplicationCommandOptionType.Attachment,
          name: 'image',
          ...described((texts) => texts.animate.image),
          required: true,
        },
        wholeNumber('motion'),
        wholeNumber('seed'),
        wholeNumber('steps'),
        wholeNumber('fps'),
      ],
    };
  },
  async execute(interaction, { jobs, download, checkPicture, model, maxUploadBytes, clock }) {
    const tokenExpiresAtMs = clock.now() + tokenLifeMs;
    const { resource } = await interaction.deferReply({ withResponse: true });
    const settings = readAnimateOptions(interaction.options, model);
    checkPermissions(interaction);
    const picture = await download(interaction.options.getAttachment('image', true).url);
    checkPicture(picture);
    const messageId = resource?.message?.id ?? (await interaction.fetchReply()).id;
    jobs.submit({
      userId: interaction.user.id,
      guildId: interaction.guildId,
      address: addressOf(interaction, { messageId, tokenExpiresAtMs }),
      settings,
      fit: 'crop',
      maxBytes: Math.min(interaction.attachmentSizeLimit, maxUploadBytes),
      picture,
    });
  },
} satisfies Command;

function described(pick: (texts: Texts) => string) {
  return { description: pick(en), description_localizations: localizations(pick) };
}

function addressOf(
  interaction: ChatInputCommandInteraction,
  reply: Pick<ReplyAddress, 'messageId' | 'tokenExpiresAtMs'>,
): ReplyAddress {
  return {
    ...reply,
    applicationId: interaction.applicationId,
    channelId: interaction.channelId,
    userId: interaction.user.id,
    token: interaction.token,
    // Where only the user installed the app, the bot is no member and has the token alone.
    hasChannelRoute: interaction.authorizingIntegrationOwners[ApplicationIntegrationType.GuildInstall] !== undefined,
    isEphemeral: false,
    locale: interaction.locale,
  };
}
