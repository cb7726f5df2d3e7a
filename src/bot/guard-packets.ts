import type { Client } from 'discord.js';
import type { Log } from '../util/log.ts';

/** An event as it comes from the gateway. */
interface Packet {
  t: string;
  d: unknown;
}

/** The inside of discord.js' WebSocketManager that {@link guardPackets} takes hold of. */
interface PacketHandling {
  handlePacket(packet: Packet | undefined, shard: { id: number } | undefined): boolean;
}

/**
 * Lets the client outlive events that discord.js cannot parse. It trusts them: a null where the documentation has an object
 * or nothing (`thread: null` in a message, `install_params: null` of the application) is a TypeError, thrown out of a
 * WebSocket's listener or of a timer, and ends the process. All events pass `handlePacket`, both those that come now and
 * those that were queued until the client was ready; it is the one method that has to be replaced, and everything
 * below it stays discord.js' own.
 *
 * A second try is made without the nulls, which is how a field that is absent should have come: so that a press of a button
 * is not lost to a null somewhere in its message. Listeners of the client have to be guarded by themselves, see
 * guardHandler: what is caught here is meant to be discord.js' own parsing.
 */
export function guardPackets({ ws }: Pick<Client, 'ws'>, log: Pick<Log, 'warn' | 'error'>): void {
  const handling = ws as unknown as PacketHandling;
  const handle = handling.handlePacket.bind(ws);
  handling.handlePacket = (packet, shard) => {
    try {
      return handle(packet, shard);
    } catch (err) {
      const fields = { type: packet?.t, shard: shard?.id, err };
      if (packet !== undefined && hasObject(packet)) {
        try {
          const isHandled = handle({ ...packet, d: withoutNulls(packet.d) }, shard);
          log.warn(fields, 'an event was readable only without its nulls');
          return isHandled;
        } catch {
          // The first failure says more.
        }
      }
      log.error(fields, 'an event cannot be read; the bot goes on');
      return true;
    }
  };
}

function hasObject({ d }: Packet): boolean {
  return typeof d === 'object' && d !== null;
}

/** The same without the fields that are null, at any depth. Lists keep their length. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(kept.map(([name, field]) => [name, withoutNulls(field)]));
}
