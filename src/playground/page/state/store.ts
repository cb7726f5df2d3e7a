import type { Language, PageState } from './page-state.ts';

/** Holds a state and calls a listener when it changes. */
export interface Store<State> {
  readonly state: State;
  /** Replaces members of the state. */
  set(change: Partial<State>): void;
}

/** Makes a {@link Store}. `onChange` is called once, in a microtask, after any number of changes. */
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

/** The state of the page before the first message of the server. */
export function initialState(): PageState {
  return {
    connection: 'connecting',
    session: null,
    exchanges: [],
    ownReactions: new Set(),
    typingUntilMs: {},
    channelId: '',
    language: rememberedLanguage(),
    theme: rememberedTheme(),
    isPanelOpen: false,
    isChannelListOpen: false,
    panelTab: 'exchange',
    faultNotes: {},
    exchangeFilter: { text: '', kind: 'all', heartbeats: false },
    form: null,
    modal: null,
    menu: null,
    replyTo: null,
    sentCount: 0,
    draft: '',
    draftTitle: '',
    draftFiles: [],
    commandIndex: 0,
    busy: new Set(),
    failures: new Map(),
    notices: [],
    toast: null,
    announcement: '',
    activeMessageId: null,
  };
}

function rememberedLanguage(): Language {
  const language = remembered.language.get() ?? navigator.language.slice(0, 2);
  return language === 'es' ? 'es' : 'en';
}

function rememberedTheme(): PageState['theme'] {
  const theme = remembered.theme.get();
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

/** What outlives a reload. The person and the language belong to a window; the theme to the browser. */
export const remembered = {
  userId: entry('kinora-user', sessionStorage),
  language: entry('kinora-language', sessionStorage),
  theme: entry('kinora-theme', localStorage),
} as const;

function entry(key: string, storage: Storage) {
  return {
    get: () => storage.getItem(key),
    set: (value: string) => storage.setItem(key, value),
    clear: () => storage.removeItem(key),
  };
}
