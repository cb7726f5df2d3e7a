import {
  ApplicationCommandType,
  ComponentType,
  type Message,
  type MessageContextMenuCommandInteraction,
  MessageFlags,
  type StringSelectMenuInteraction,
} from 'discord.js';
import { type FoundPicture, fetchPicturesRepliedTo, findPicturesAround } from '../bot/find-pictures.ts';
import { localizations } from '../bot/languages/choose-messages.ts';
import { en } from '../bot/languages/en.ts';
import { UserError } from '../errors.ts';
import { everywhere } from './animate.ts';
import { defaultRequest } from './animate-options.ts';
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
    const { targetMessage } = interaction;
    const shown = findPicturesAround(targetMessage, context.repliedTo(interaction.id));
    if (shown.length > 1) {
      await interaction.reply({ ...(await menuOf(shown, interaction, context)), flags: MessageFlags.Ephemeral });
      return;
    }
    await enqueueFromInteraction(interaction, context, {
      isPrivate: false,
      clipRequest: await requestFor(interaction, context),
      picture: shown[0] ?? (() => pictureRepliedTo(targetMessage)),
    });
  },
} satisfies MessageCommand;

/**
 * The menu that {@link animateMessage} shows where a message has several pictures. The pictures are embeds of the menu's
 * own message: that shows them, and keeps them over a restart.
 */
export const pickPicture = {
  customId: 'pick-picture',
  async execute(interaction, context) {
    const picture = interaction.message.embeds[Number(interaction.values[0])]?.image;
    if (!picture) throw new UserError('no-picture-there', 'The menu has lost its pictures.');
    await enqueueFromInteraction(interaction, context, {
      isPrivate: false,
      clipRequest: await requestFor(interaction, context),
      picture: { url: picture.url },
    });
  },
} satisfies MenuAction;

async function pictureRepliedTo(message: Message): Promise<FoundPicture> {
  const [first] = await fetchPicturesRepliedTo(message);
  if (first === undefined) throw new UserError('no-picture-there', 'That message has no picture.');
  return first;
}

type Asked = MessageContextMenuCommandInteraction | StringSelectMenuInteraction;

async function requestFor({ guildId }: Asked, { model, guildSettings }: CommandContext): Promise<ClipRequest> {
  return defaultRequest(model, (await guildSettings.of(guildId)).preset);
}

async function menuOf(pictures: readonly FoundPicture[], interaction: Asked, { guildSettings }: CommandContext) {
  const { clip: messages } = await messagesFor(interaction, guildSettings);
  return {
    content: messages.whichPicture,
    embeds: pictures.map(({ name, url }, index) => ({ title: titleOf(name, index), image: { url } })),
    components: [
      {
        type: ComponentType.ActionRow as const,
        components: [
          {
            type: ComponentType.StringSelect as const,
            custom_id: pickPicture.customId,
            options: pictures.map(({ name }, index) => ({ label: titleOf(name, index), value: String(index) })),
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
