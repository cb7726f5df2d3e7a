import type { Language, PageState } from './page-state.ts';
import { remembered } from './remembered.ts';

/** What the page shows before the server has said anything. */
export function initialState(): PageState {
  return {
    connection: 'connecting',
    told: null,
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
