import type { JobStore } from '../../src/storage/job-store.ts';

/** The methods of a store that write. */
export const storeWrites = [
  ...(['add', 'claim', 'heartbeat', 'release', 'releaseHeldBy', 'extendLeases', 'saveCheckpoint', 'keepClip'] as const),
  ...(['renderAgain', 'keepUndelivered', 'readdress', 'finish', 'notified', 'expire', 'forget'] as const),
  'dropVariations',
  'reseed',
] as const satisfies readonly (keyof JobStore)[];
export type StoreWrite = (typeof storeWrites)[number];

/** What a test chooses. */
export interface FailingStoreOptions {
  /** Which write fails, counted from 1 over all methods; left out: none does until {@link FailingStore.failNext}. */
  at?: number;
  /** How many writes in a row fail. Default 1. */
  times?: number;
  /** Default: a full disk, as SQLite reports it. */
  error?: () => unknown;
}

/** A store whose writes fail when a test says so, before anything is written. */
export interface FailingStore extends JobStore {
  /** The writes that were asked for, in order, those that failed included. */
  readonly writes: readonly StoreWrite[];
  /** From now on so many writes of this name, or of all, fail: `Number.POSITIVE_INFINITY` until {@link heal}. */
  failNext(times: number, write?: StoreWrite): void;
  /** From now on no write fails. */
  heal(): void;
}

/** What SQLite reports of a full disk. */
export function diskFull(): Error {
  return Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL', rawCode: 13 });
}

/** Wraps a store. To let every write fail once, run once to count the writes, then once for each of them. */
export function createFailingStore(
  store: JobStore,
  { at, times = 1, error = diskFull }: FailingStoreOptions = {},
): FailingStore {
  const writes: StoreWrite[] = [];
  let plan = { from: at ?? Number.POSITIVE_INFINITY, left: times, only: undefined as StoreWrite | undefined };

  const wrapped = Object.fromEntries(
    storeWrites.map((name) => [
      name,
      async (...args: unknown[]) => {
        writes.push(name);
        const isMeant = plan.only === undefined || plan.only === name;
        if (isMeant && writes.length >= plan.from && plan.left > 0) {
          plan.left--;
          throw error();
        }
        return (store[name] as (...args: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as Pick<JobStore, StoreWrite>;

  return {
    ...store,
    ...wrapped,
    writes,
    failNext(count, only) {
      plan = { from: writes.length + 1, left: count, only };
    },
    heal() {
      plan = { from: Number.POSITIVE_INFINITY, left: 0, only: undefined };
    },
  };
}
