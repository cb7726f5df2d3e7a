import {
  type APIMessage,
  ApplicationCommandType,
  type Client,
  GatewayDispatchEvents,
  type GatewayInteractionCreateDispatchData,
  InteractionType,
} from 'discord.js';
import type { Log } from '../util/log.ts';
import { guardHandler } from './guard.ts';
import type { RawChannel } from './place.ts';

/** What Discord sends with an interaction and discord.js drops. */
export interface RawInteraction {
  /** The channel: discord.js has none where it does not know it, e.g. in threads that were archived when it came. */
  channel: RawChannel | undefined;
  /** Of a message command, the message in whose menu it was chosen, with the one that it replies to. */
  targetMessage: APIMessage | undefined;
}

/** Interactions are forgotten beyond so many: none is looked up later than its first seconds. */
const keptInteractions = 200;

/**
 * Remembers, by their ids, what of interactions discord.js drops. Begin before the client logs in: events that wait for it
 * to be ready pass here at once.
 */
export function keepRawInteractions(
  client: Pick<Client, 'ws'>,
  log: Log,
): (interactionId: string) => RawInteraction | undefined {
  const kept = new Map<string, RawInteraction>();

  function keep(interaction: GatewayInteractionCreateDispatchData): void {
    const channel = interaction.channel as RawChannel | null | undefined;
    kept.set(interaction.id, { channel: channel ?? undefined, targetMessage: targetOf(interaction) });
    const [oldest] = kept.keys();
    if (kept.size > keptInteractions && oldest !== undefined) kept.delete(oldest);
  }

  const event = GatewayDispatchEvents.InteractionCreate;
  client.ws.on(event, guardHandler(log, event, keep));

  return (interactionId) => kept.get(interactionId);
}

function targetOf(interaction: GatewayInteractionCreateDispatchData): APIMessage | undefined {
  if (interaction.type !== InteractionType.ApplicationCommand) return undefined;
  const { data } = interaction;
  return data.type === ApplicationCommandType.Message ? data.resolved?.messages?.[data.target_id] : undefined;
}
