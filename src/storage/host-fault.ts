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
  /** When it is tried again. */
  retryAtMs: z.number(),
});

/** Why this machine makes no clips at the moment. Times are milliseconds since 1970. */
export type HostFault = z.output<typeof schema>;

/** Keeps, for `kinora doctor`, why the bot makes no clips at the moment; undefined: it does. */
export function rememberHostFault(facts: Pick<FactStore, 'set'>, fault: HostFault | undefined): Promise<void> {
  return facts.set(key, JSON.stringify(fault ?? null));
}

/** What {@link rememberHostFault} kept last; undefined where there is no fault. */
export function rememberedHostFault(database: Database): HostFault | undefined {
  const row = database.prepare('SELECT value FROM facts WHERE key = ?').get([key]) as { value: string } | undefined;
  const text = row?.value;
  return text === undefined ? undefined : (schema.nullable().catch(null).parse(JSON.parse(text)) ?? undefined);
}
