import { setImmediate as nextTurn } from 'node:timers/promises';

/** A function whose result holds for one turn of the event loop, unless it is forgotten before. */
export interface OncePerTurn<T> {
  (): T;
  forget(): void;
}

/** Calls `work` once for all who ask in one turn of the event loop. */
export function oncePerTurn<T>(work: () => T): OncePerTurn<T> {
  let kept: { result: T } | undefined;
  const forget = () => {
    kept = undefined;
  };
  const ask = () => {
    if (kept === undefined) {
      kept = { result: work() };
      setImmediate(forget);
    }
    return kept.result;
  };
  return Object.assign(ask, { forget });
}

/** So many things are done before it is others' turn. */
const doneAtOnce = 200;

/** As `items.flatMap(work)`, but in several turns of the event loop where there are many. */
export async function flatMapInTurns<Item, T>(
  items: readonly Item[],
  work: (item: Item) => readonly T[],
): Promise<T[]> {
  const results: T[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % doneAtOnce === 0) await nextTurn();
    results.push(...work(item));
  }
  return results;
}
