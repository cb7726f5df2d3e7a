import type { JobStore } from '../../src/storage/job-store.ts';
import { settle } from './fake-clock.ts';

/** A call of a store that a test holds in its hand. */
interface HeldCall {
  /** Lets it happen in the store; its answer is still under way. */
  perform(): Promise<void>;
  /** Lets it happen, where it has not, and settles its promise with what came of it. */
  resolve(): Promise<void>;
  /** It does not happen. */
  reject(error: unknown): Promise<void>;
}

/** A store some of whose calls happen when the test says so. */
export interface HeldStore extends JobStore {
  /** From now on calls of this name wait. */
  hold(name: keyof JobStore): void;
  /** From now on they do not; those that wait go on waiting. */
  letGo(name: keyof JobStore): void;
  /** The calls of this name that were held, in the order in which they were made. */
  calls(name: keyof JobStore): readonly HeldCall[];
}

/** Wraps a store. Nothing is held at first. */
export function createHeldStore(store: JobStore): HeldStore {
  const held = new Set<string>();
  const calls = new Map<string, HeldCall[]>();

  function hold(name: string, call: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const all = calls.get(name) ?? [];
      calls.set(name, all);
      let outcome: Promise<unknown> | undefined;
      all.push({
        async perform() {
          outcome = call();
          await settle();
        },
        async resolve() {
          (outcome ?? call()).then(resolve, reject);
          await settle();
        },
        async reject(error) {
          reject(error);
          await settle();
        },
      });
    });
  }

  const wrapped = Object.fromEntries(
    Object.entries(store).map(([name, method]: [string, (...values: unknown[]) => Promise<unknown>]) => [
      name,
      (...values: unknown[]) => (held.has(name) ? hold(name, () => method(...values)) : method(...values)),
    ]),
  ) as unknown as JobStore;

  return {
    ...wrapped,
    hold: (name) => void held.add(name),
    letGo: (name) => void held.delete(name),
    calls: (name) => calls.get(name) ?? [],
  };
}
