import { AppError } from '../errors.ts';
import type { WaitOptions } from './types.ts';

/** A list of listeners. */
export interface Feed<T> {
  emit(value: T): void;
  /** Returns a function that ends the subscription. */
  subscribe(listener: (value: T) => void): () => void;
}

/** Makes a {@link Feed}: the one-event emitter, typed. Listeners run synchronously in the order they came. */
export function createFeed<T>(): Feed<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    emit(value) {
      for (const listener of [...listeners]) listener(value);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Resolves with the first value that `look` finds, now or after any event of the feed.
 * @throws AppError `wait-timeout`, with what `describe` says of the state then.
 */
export function waitUntil<E, T>(
  feed: Feed<E>,
  look: (event: E | null) => T | undefined,
  { timeoutMs = 25_000, describe }: WaitOptions & { describe: () => string },
): Promise<T> {
  // Built before anything waits, so that it names the caller's line.
  const expired = new AppError('wait-timeout', '');
  return new Promise((resolve, reject) => {
    const now = look(null);
    if (now !== undefined) {
      resolve(now);
      return;
    }
    const finish = (): void => {
      clearTimeout(timer);
      unsubscribe();
    };
    const unsubscribe = feed.subscribe((event) => {
      try {
        const found = look(event);
        if (found === undefined) return;
        finish();
        resolve(found);
      } catch (error) {
        finish();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    const timer = setTimeout(() => {
      finish();
      expired.message = `Not within ${timeoutMs} ms. ${describe()}`;
      reject(expired);
    }, timeoutMs);
  });
}
