import { GatewayOpcodes, SimpleShardingStrategy } from 'discord.js';
import { type Clock, sleep } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { GatewayLog } from './gateway-log.ts';

/** What the library's strategy is made with: `ws.buildStrategy` of discord.js' options gives it. */
type InnerManager = ConstructorParameters<typeof SimpleShardingStrategy>[0];

/** What {@link GatewayConnections} works with. */
export interface GatewayConnectionsOptions {
  gatewayLog: GatewayLog;
  clock: Clock;
  log: Pick<Log, 'warn' | 'error'>;
}

/** The inside of a connection of `@discordjs/ws` that {@link GatewayConnections} takes hold of. */
interface Connection {
  on(event: 'ready' | 'resumed' | 'heartbeat', listener: () => void): void;
  on(event: 'closed', listener: (data: { code: number }) => void): void;
  onMessage(data: unknown, isBinary: boolean): Promise<void>;
  internalConnect(): Promise<void>;
  destroy(options: { recover: number }): Promise<void>;
}

/** `WebSocketShardDestroyRecovery.Reconnect` of `@discordjs/ws`: connect again, with a new session. */
const reconnect = 0;

/** Close codes after which neither discord.js nor another try connects: 4004 and 4010 to 4014. */
const finalCodes: readonly number[] = [4004, 4010, 4011, 4012, 4013, 4014];

/**
 * The library's own connections to the gateway, all in this process, with three things that it lacks and offers no hook
 * for: each is told to the log, waits longer after each failure before it connects again, and outlives packets that
 * cannot be handled, whose rejections nobody waits for. This is the strategy that `ws.buildStrategy` asks for; of the
 * connections that it makes, `onMessage` and `internalConnect` are wrapped, since all packets and all attempts pass
 * there.
 */
export class GatewayConnections extends SimpleShardingStrategy {
  readonly #options: GatewayConnectionsOptions;
  #stopping = new AbortController();

  constructor(manager: InnerManager, options: GatewayConnectionsOptions) {
    super(manager);
    this.#options = options;
  }

  override async spawn(shardIds: number[]): Promise<void> {
    await super.spawn(shardIds);
    this.#stopping = new AbortController();
    const { shards } = this as unknown as { shards: ReadonlyMap<number, Connection> };
    for (const [id, connection] of shards) this.#watch(id, connection, this.#stopping.signal);
  }

  override async destroy(options?: Parameters<SimpleShardingStrategy['destroy']>[0]): Promise<void> {
    // A connection that waits for its next try must not come back.
    this.#stopping.abort();
    await super.destroy(options);
  }

  /** Nobody in discord.js waits for what this promises: a presence that cannot be sent is shown with the next one. */
  override async send(...args: Parameters<SimpleShardingStrategy['send']>): Promise<void> {
    await super.send(...args).catch((err: unknown) => {
      this.#options.log.warn({ shard: args[0], err }, 'a packet could not be sent to the gateway');
    });
  }

  #watch(id: number, connection: Connection, stopping: AbortSignal): void {
    const { gatewayLog, clock, log } = this.#options;
    connection.on('ready', () => gatewayLog.identified(id));
    connection.on('resumed', () => gatewayLog.resumed(id));
    connection.on('heartbeat', () => gatewayLog.acknowledged(id));
    connection.on('closed', ({ code }) => {
      gatewayLog.closed(id, code, { isFinal: stopping.aborted || finalCodes.includes(code) });
    });

    const failed = (err: unknown) => log.error({ shard: id, err }, 'connecting to the gateway failed');
    const connect = connection.internalConnect.bind(connection);
    connection.internalConnect = async () => {
      const delayMs = gatewayLog.delayMs(id);
      if (delayMs > 0) await sleep(clock, delayMs, stopping);
      if (stopping.aborted) return;
      await connect().catch(failed);
    };

    const receive = connection.onMessage.bind(connection);
    connection.onMessage = async (data, isBinary) => {
      try {
        await receive(data, isBinary);
      } catch (err) {
        const { op, t } = readKind(data);
        log.error({ shard: id, op, type: t, err }, 'a packet of the gateway cannot be handled; the bot goes on');
        // Without what these say there is no session to go on with.
        const isVital = op !== GatewayOpcodes.Dispatch || t === 'READY' || t === 'RESUMED';
        if (isVital) await connection.destroy({ recover: reconnect }).catch(failed);
      }
    };
  }
}

function readKind(data: unknown): { op?: unknown; t?: unknown } {
  try {
    return JSON.parse(String(data)) ?? {};
  } catch {
    return {};
  }
}
