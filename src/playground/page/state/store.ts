/** Holds a state and tells when it was replaced. */
export interface Store<State> {
  readonly state: State;
  /** Replaces members of the state. */
  set(change: Partial<State>): void;
}

/** Makes a {@link Store}. `onChange` is called once after all changes of one turn. */
export function createStore<State>(initial: State, onChange: (state: State) => void): Store<State> {
  let state = initial;
  let isScheduled = false;
  return {
    get state() {
      return state;
    },
    set(change) {
      state = { ...state, ...change };
      if (isScheduled) return;
      isScheduled = true;
      queueMicrotask(() => {
        isScheduled = false;
        onChange(state);
      });
    },
  };
}
