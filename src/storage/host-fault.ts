import { z } from 'zod';
import type { FactStore } from './facts.ts';
import type { Database } from './sqlite.ts';

const key = 'host-fault';
const schema = z.object({
  /** The error's code: Kinora's own or the system's, e.g. `ENOSPC`. */
  code: z.string(),
  /** In English, for the operator alone. */
  message: z.string(),
  sinceMs: z.number(),
  /** When it is tried again; undefined where it ends by itself, as soon as it can. */
  retryAtMs: z.number().exactOptional(),
});

/** Why this machine makes no clips at the moment. Times are milliseconds since 1970. */
export type HostFault = z.output<typeof schema>;

/** Keeps, for `kinora doctor`, why the bot makes no clips at the moment; undefined: it does. */
export function rememberHostFault(facts: Pick<FactStore, 'set'>, fault: HostFault | undefined): Promise<void> {
  return facts.set(key, JSON.stringify(fault ?? null));
}

const workersKey = 'worker-faults';
const workersSchema = z.array(schema.extend({ worker: z.string() }));

/** Why single workers are taken out. */
export type WorkerFault = z.output<typeof workersSchema>[number];

/** Keeps, for `kinora doctor`, which workers are taken out at the moment. */
export function rememberWorkerFaults(facts: Pick<FactStore, 'set'>, faults: readonly WorkerFault[]): Promise<void> {
  return facts.set(workersKey, JSON.stringify(faults));
}

/** What {@link rememberWorkerFaults} kept last. */
export function rememberedWorkerFaults(database: Database): WorkerFault[] {
  const row = database.prepare('SELECT value FROM facts WHERE key = ?').get([workersKey]) as
    | { value: string }
    | undefined;
  return row === undefined ? [] : workersSchema.catch([]).parse(JSON.parse(row.value));
}

/** Keeps both. */
export async function rememberFaults(
  facts: Pick<FactStore, 'set'>,
  host: HostFault | undefined,
  workers: readonly WorkerFault[],
): Promise<void> {
  await rememberHostFault(facts, host);
  await rememberWorkerFaults(facts, workers);
}

/** What {@link rememberHostFault} kept last; undefined where there is no fault. */
export function rememberedHostFault(database: Database): HostFault | undefined {
  const row = database.prepare('SELECT value FROM facts WHERE key = ?').get([key]) as { value: string } | undefined;
  const text = row?.value;
  return text === undefined ? undefined : (schema.nullable().catch(null).parse(JSON.parse(text)) ?? undefined);
}
