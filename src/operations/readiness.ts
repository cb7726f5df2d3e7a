import { stat } from 'node:fs/promises';
import type { QueueOverview, WorkerOverview } from '../queue/types.ts';
import type { StorageProbe } from '../storage/probe.ts';
import { type Clock, sleep } from '../util/clock.ts';
import { formatBytes } from '../util/format-bytes.ts';

/** How one connection to the gateway is. Times are milliseconds since 1970. */
interface GatewayState {
  shard: number;
  isConnected: boolean;
  /** When `isConnected` last changed; undefined: never. */
  sinceMs: number | undefined;
  /** When the last heartbeat was answered; undefined: none was since it connected. */
  lastAckAtMs: number | undefined;
  /** What that answer took; undefined: not known. */
  latencyMs: number | undefined;
}

/** The parts of a running bot that are asked how they are. */
export interface BotParts {
  jobs: {
    overview(): Pick<QueueOverview, 'waiting' | 'running' | 'hostFault'>;
    /** Who renders. */
    workers(): readonly Pick<WorkerOverview, 'name' | 'fault'>[];
  };
  /** Empty before the first connection. */
  gateway(): readonly GatewayState[];
  storage: StorageProbe;
}

/** A file of the model, as it was when the bot started. */
export interface ModelFile {
  path: string;
  sizeBytes: number;
}

/** What one check found. */
interface CheckResult {
  ok: boolean;
  /** Why not. */
  reason?: string;
}

const checkNames = ['database', 'gateway', 'render', 'model', 'disk'] as const;
type CheckName = (typeof checkNames)[number];

/** Whether the bot can do its work now. */
export interface ReadinessReport {
  status: 'ready' | 'not-ready';
  checks: Readonly<Record<CheckName, CheckResult>>;
}

/** What {@link createReadiness} works with. */
export interface ReadinessOptions {
  /** Undefined while the bot starts and once it goes down. */
  parts: () => BotParts | undefined;
  /** Whether a step of a render takes many times as long as usual. */
  isRenderLate: () => boolean;
  modelFiles: readonly ModelFile[];
  clock: Clock;
}

/** How long the database may take to write and read, in milliseconds. */
const databaseTimeoutMs = 2_000;

/** Each shard answers a heartbeat every 41 s; two that are missed are too many. In milliseconds. */
const heartbeatLimitMs = 90_000;

/** As `kinora doctor` has it: below that the database cannot be relied on. */
const minFreeBytes = 100 * 2 ** 20;

/** A folder on a network that is away may never answer. In milliseconds. */
const checkTimeoutMs = 5_000;

/** Who asks often is given the same answer for so long: a check writes to the disk. In milliseconds. */
const keptMs = 1_000;

/** Asks everything that the bot needs. A busy bot is ready; one that cannot reach Discord is not. */
export function createReadiness({
  parts,
  isRenderLate,
  modelFiles,
  clock,
}: ReadinessOptions): () => Promise<ReadinessReport> {
  const checks: Record<CheckName, () => Promise<string | undefined> | string | undefined> = {
    async database() {
      await mustRun().storage.roundTrip(databaseTimeoutMs);
      return undefined;
    },
    gateway: () => gatewayProblem(mustRun().gateway(), clock.now()),
    render() {
      const fault = parts()?.jobs.overview().hostFault;
      if (fault !== undefined) return `no clips can be made: ${fault.message} (${fault.code})`;
      return isRenderLate() ? 'a step of a render takes over five times as long as it should' : undefined;
    },
    model: () => modelProblem(modelFiles),
    async disk() {
      const freeBytes = await mustRun().storage.freeBytes();
      if (freeBytes >= minFreeBytes) return undefined;
      return `${formatBytes(freeBytes)} are free, ${formatBytes(minFreeBytes)} are needed`;
    },
  };
  let latest: { atMs: number; of: BotParts | undefined; report: Promise<ReadinessReport> } | undefined;

  function mustRun(): BotParts {
    const running = parts();
    if (running === undefined) throw new Error('the bot is starting or going down');
    return running;
  }

  async function run(name: CheckName): Promise<CheckResult> {
    const work = (async () => checks[name]())();
    work.catch(() => {});
    const late = sleep(clock, checkTimeoutMs).then(() => `no answer within ${checkTimeoutMs / 1000} s`);
    try {
      const reason = await Promise.race([work, late]);
      return reason === undefined ? { ok: true } : { ok: false, reason };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async function report(): Promise<ReadinessReport> {
    const results = await Promise.all(checkNames.map(async (name) => [name, await run(name)] as const));
    const found = Object.fromEntries(results) as Record<CheckName, CheckResult>;
    return { status: results.every(([, { ok }]) => ok) ? 'ready' : 'not-ready', checks: found };
  }

  return () => {
    const nowMs = clock.now();
    const keptUntilMs = latest?.of === parts() ? (latest?.atMs ?? 0) + keptMs : 0;
    // Nor where the clock was set back.
    if (latest === undefined || nowMs >= keptUntilMs || nowMs < latest.atMs) {
      latest = { atMs: nowMs, of: parts(), report: report() };
    }
    return latest.report;
  };
}

function gatewayProblem(shards: readonly GatewayState[], nowMs: number): string | undefined {
  if (shards.length === 0) return 'Discord was not reached yet';
  const problems = shards.flatMap(({ shard, isConnected, sinceMs, lastAckAtMs }) => {
    if (!isConnected) return [`shard ${shard} is not connected`];
    const silentMs = nowMs - (lastAckAtMs ?? sinceMs ?? nowMs);
    if (silentMs < heartbeatLimitMs) return [];
    return [`shard ${shard} has had no answer to a heartbeat for ${Math.round(silentMs / 1000)} s`];
  });
  return problems.length > 0 ? problems.join('; ') : undefined;
}

async function modelProblem(files: readonly ModelFile[]): Promise<string | undefined> {
  for (const { path, sizeBytes } of files) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error) return `${path} cannot be read (${found.code})`;
    if (found.size !== sizeBytes) return `${path} has changed: ${found.size} bytes, ${sizeBytes} at the start`;
  }
  return undefined;
}
