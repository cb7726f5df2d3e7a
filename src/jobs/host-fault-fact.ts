import { z } from 'zod';
import type { HostFault } from './circuit-breaker.ts';
import type { FactStore } from './fact-store.ts';

const key = 'host-fault';
const schema = z.object({ code: z.string(), message: z.string(), sinceMs: z.number(), retryAtMs: z.number() });

/** Keeps, for `kinora doctor`, why the bot makes no clips at the moment; undefined: it does. */
export function rememberHostFault(facts: Pick<FactStore, 'set'>, fault: HostFault | undefined): void {
  facts.set(key, JSON.stringify(fault ?? null));
}

/** What {@link rememberHostFault} kept last; undefined where there is no fault. */
export function rememberedHostFault(facts: Pick<FactStore, 'get'>): HostFault | undefined {
  const text = facts.get(key);
  return text === undefined ? undefined : (schema.nullable().catch(null).parse(JSON.parse(text)) ?? undefined);
}
