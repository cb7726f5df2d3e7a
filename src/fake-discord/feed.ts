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
