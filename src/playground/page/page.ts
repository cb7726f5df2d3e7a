import type { createCommandDeeds } from './actions/command-actions.ts';
import type { createComponentDeeds } from './actions/component-actions.ts';
import type { createMessageDeeds } from './actions/message-actions.ts';
import type { createPageDeeds } from './actions/page-actions.ts';
import type { PageTexts } from './messages/page-messages.ts';
import type { PageState } from './state/page-state.ts';

/** What every view draws from, and what it can have done. */
export interface Page {
  state: PageState;
  /** {@link PageState.told}, for views that are drawn after the welcome only. */
  told: NonNullable<PageState['told']>;
  texts: PageTexts;
  commands: ReturnType<typeof createCommandDeeds>;
  messages: ReturnType<typeof createMessageDeeds>;
  components: ReturnType<typeof createComponentDeeds>;
  view: ReturnType<typeof createPageDeeds>;
  /** Says for a while what went wrong. */
  notify(problem: string): void;
}
