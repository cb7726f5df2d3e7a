import {
  ApplicationCommandType,
  type Client,
  GatewayDispatchEvents,
  type GatewayInteractionCreateDispatchData,
  InteractionType,
} from 'discord.js';
import type { Log } from '../util/log.ts';
import type { PictureSource } from './find-pictures.ts';
import { guardHandler } from './guard.ts';

/** Interactions that nobody asked about are forgotten beyond so many. */
const keptInteractions = 100;

/**
 * Remembers, by the id of a message command's interaction, the message that its target replies to. Discord sends it
 * along; discord.js drops it where it does not know the channel, which is wherever only the user installed the app.
 * Begin before the client logs in: events that wait for it to be ready pass here at once.
 */
export function keepRepliedTo(
  client: Pick<Client, 'ws'>,
  log: Log,
): (interactionId: string) => PictureSource | undefined {
  const kept = new Map<string, PictureSource>();

  function keep(interaction: GatewayInteractionCreateDispatchData): void {
    if (interaction.type !== InteractionType.ApplicationCommand) return;
    const { data } = interaction;
    if (data.type !== ApplicationCommandType.Message) return;
    const repliedTo = data.resolved.messages[data.target_id]?.referenced_message;
    if (!repliedTo) return;
    const attachments = repliedTo.attachments.map(({ filename, url, size, content_type = null }) => ({
      name: filename,
      url,
      size,
      contentType: content_type,
    }));
    const embeds = repliedTo.embeds.map(({ image, thumbnail, title = null }) => ({
      image: copyOf(image),
      thumbnail: copyOf(thumbnail),
      title,
    }));
    kept.set(interaction.id, { attachments, embeds });
    const [oldest] = kept.keys();
    if (kept.size > keptInteractions && oldest !== undefined) kept.delete(oldest);
  }

  const event = GatewayDispatchEvents.InteractionCreate;
  client.ws.on(event, guardHandler(log, event, keep));

  return (interactionId) => {
    const repliedTo = kept.get(interactionId);
    kept.delete(interactionId);
    return repliedTo;
  };
}

function copyOf(picture: { url: string; proxy_url?: string } | undefined) {
  return picture === undefined ? null : { url: picture.url, proxyURL: picture.proxy_url };
}
