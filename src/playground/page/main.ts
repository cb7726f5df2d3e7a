import './styles/tokens.css';
import './styles/sidebar.css';
import './styles/welcome.css';
import './styles/page.css';
import './styles/message.css';
import './styles/markdown.css';
import './styles/components.css';
import './styles/menu.css';
import './styles/clip.css';
import './styles/composer.css';
import './styles/form.css';
import './styles/modal.css';
import './styles/panel.css';
import './draw-as-discord.ts';
import { render } from 'lit';
import { showToast } from './actions/actions-context.ts';
import { createCommandActions } from './actions/command-actions.ts';
import { createComponentActions } from './actions/component-actions.ts';
import { createMessageActions } from './actions/message-actions.ts';
import { createPageActions } from './actions/page-actions.ts';
import { connect } from './connection.ts';
import { PlaygroundTimestamp } from './format.ts';
import { pageMessages } from './messages/all-page-messages.ts';
import { applyServerMessage } from './state/apply-server-message.ts';
import type { PageState } from './state/page-state.ts';
import { createStore, initialState, remembered } from './state/store.ts';
import { appView, waitingView } from './views/app-view.ts';

// A second window starts as a new person, although it inherits the session storage of the first.
if (new URLSearchParams(location.search).has('new')) {
  remembered.userId.clear();
  history.replaceState(null, '', '/');
}

customElements.define('playground-timestamp', PlaygroundTimestamp);

const root = document.getElementById('app') as HTMLElement;
let shownCount = 0;
const store = createStore(initialState(), draw);
const connection = connect({
  userId: remembered.userId.get,
  onMessage(message) {
    store.set(applyServerMessage(store.state, message));
    if (message.kind !== 'welcome') return;
    remembered.userId.set(message.user.id);
    if (store.state.isPanelOpen) void connection.send({ do: 'watchExchanges', watch: true });
  },
  onLost: ({ isForGood }) => store.set({ connection: isForGood ? 'closed' : 'lost' }),
});
const context = { store, connection };
const actions = {
  commands: createCommandActions(context),
  messages: createMessageActions(context),
  components: createComponentActions(context),
  view: createPageActions(context),
  notify: (problem: string) => showToast(context, problem, { isProblem: true }),
};

function draw(state: PageState): void {
  const i18n = pageMessages[state.language];
  const { documentElement } = document;
  documentElement.lang = state.language;
  documentElement.dataset.theme = state.theme;
  document.title = i18n.title;
  render(
    state.session === null ? waitingView(state) : appView({ state, session: state.session, i18n, ...actions }),
    root,
  );
  if (state.sentCount === shownCount) return;
  shownCount = state.sentCount;
  document.querySelector('.scroller')?.scrollTo({ top: Number.MAX_SAFE_INTEGER });
}

draw(store.state);
