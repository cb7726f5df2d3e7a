import {
  type APIMessage,
  ApplicationCommandType,
  type Client,
  ComponentType,
  type MessageContextMenuCommandInteraction,
  MessageFlags,
  MessageReferenceType,
  Routes,
  type StringSelectMenuInteraction,
} from 'discord.js';
import { type FoundPicture, findPictures, type MessageWithReference } from '../bot/find-pictures.ts';
import { localizations } from '../bot/languages/choose-messages.ts';
import { en } from '../bot/languages/en.ts';
import { UserError } from '../errors.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import { everywhere } from './animate.ts';
import { betweenPictures, defaultRequest } from './animate-options.ts';
import type { CommandContext, MenuAction, MessageCommand } from './command.ts';
import { type ClipRequest, enqueueFromInteraction } from './enqueue-from-interaction.ts';
import { messagesFor } from './i18n.ts';

/** "Apps → Animate" on a message with a picture. Discord sends the message along, so no intent is needed. */
export const animateMessage = {
  name: en.clip.menus.animate,
  declare: () => ({
    type: ApplicationCommandType.Message,
    name: en.clip.menus.animate,
    name_localizations: localizations((messages) => messages.clip.menus.animate),
    ...everywhere,
  }),
  async execute(interaction, context) {
    const target = context.rawInteraction(interaction.id)?.targetMessage ?? {};
    const shown = findPictures(target, interaction.client.rest.cdn);
    if (shown.length > 1) {
      await interaction.reply({ ...(await menuOf(shown, interaction, context)), flags: MessageFlags.Ephemeral });
      return;
    }
    await enqueueFromInteraction(interaction, context, {
      isPrivate: false,
      clipRequest: await requestFor(interaction, context),
      picture: shown[0] ?? (() => pictureRepliedTo(target, interaction.client)),
    });
  },
} satisfies MessageCommand;

/**
 * The menu that {@link animateMessage} shows where a message has several pictures. The pictures are embeds of the menu's
 * own message: that shows them, and keeps them over a restart. Those that are hidden where they come from are links there.
 */
export const pickPicture = {
  customId: 'pick-picture',
  async execute(interaction, context) {
    const [picture, endPicture] = (interaction.values[0] ?? '').split('-').map((index) => {
      const embed = interaction.message.embeds[Number(index)];
      const url = embed?.image?.url ?? embed?.url;
      if (!url) throw new UserError('no-picture-there', 'The menu has lost its pictures.');
      return { url, isSpoiler: !embed?.image };
    });
    await enqueueFromInteraction(interaction, context, {
      isPrivate: false,
      clipRequest: await requestFor(
        interaction,
        endPicture ? { ...context, model: betweenPictures(context.model) } : context,
      ),
      picture: picture!,
      ...(endPicture && { endPicture }),
    });
  },
} satisfies MenuAction;

/** The picture of the message that one replies to, where that did not come along. Without the intent it may be empty. */
async function pictureRepliedTo(message: Partial<APIMessage>, { rest, channels }: Client): Promise<FoundPicture> {
  const { message_reference: reference, referenced_message: repliedTo } = message;
  let found: FoundPicture[] = [];
  // Null: it was deleted. Where the bot is no member, Discord would only refuse.
  const isAway = repliedTo === undefined && channels.cache.has(reference?.channel_id ?? '');
  if (isAway && reference?.message_id && reference.type !== MessageReferenceType.Forward) {
    const answer = rest.get(Routes.channelMessage(reference.channel_id, reference.message_id));
    found = findPictures((await answer.catch(() => ({}))) as MessageWithReference, rest.cdn);
  }
  const [first] = found;
  if (first === undefined) throw new UserError('no-picture-there', 'That message has no picture.');
  return first;
}

type Asked = MessageContextMenuCommandInteraction | StringSelectMenuInteraction;

async function requestFor(
  { guildId }: Asked,
  { model, guildSettings }: Pick<CommandContext, 'guildSettings'> & { model: ModelCapabilities },
): Promise<ClipRequest> {
  return defaultRequest(model, await guildSettings.of(guildId));
}

async function menuOf(pictures: readonly FoundPicture[], interaction: Asked, { guildSettings }: CommandContext) {
  const { clip: messages } = await messagesFor(interaction, guildSettings);
  return {
    content: messages.whichPicture,
    embeds: pictures.map(({ name, url, isSpoiler }, index) => ({
      title: titleOf(name, index),
      ...(isSpoiler ? { url } : { image: { url } }),
    })),
    components: [
      {
        type: ComponentType.ActionRow as const,
        components: [
          {
            type: ComponentType.StringSelect as const,
            custom_id: pickPicture.customId,
            options: [
              ...pictures.map(({ name }, index) => ({ label: titleOf(name, index), value: String(index) })),
              // Each but the first with the one before it: 19 choices of ten pictures, where Discord takes 25.
              ...pictures.slice(1).map((_, index) => ({
                label: messages.between({ from: index + 1, to: index + 2 }),
                description: messages.betweenCost,
                value: `${index}-${index + 1}`,
              })),
            ],
          },
        ],
      },
    ],
  };
}

/** Two pictures may have one name. */
function titleOf(name: string, index: number): string {
  return `${index + 1}. ${name}`.slice(0, 100);
}
