import type { createCommandActions } from './actions/command-actions.ts';
import type { createComponentActions } from './actions/component-actions.ts';
import type { createMessageActions } from './actions/message-actions.ts';
import type { createPageActions } from './actions/page-actions.ts';
import type { PageMessages } from './messages/page-messages.ts';
import type { CommandForm } from './state/command-form.ts';
import type { PageState } from './state/page-state.ts';

/** What every view draws from, and what it can have done. */
export interface Page {
  state: PageState;
  /** {@link PageState.session}, for views that are drawn after the welcome only. */
  session: NonNullable<PageState['session']>;
  i18n: PageMessages;
  commands: ReturnType<typeof createCommandActions>;
  messages: ReturnType<typeof createMessageActions>;
  components: ReturnType<typeof createComponentActions>;
  view: ReturnType<typeof createPageActions>;
  /** Says for a while what went wrong. */
  notify(problem: string): void;
}

/** What a field of the form draws from. */
export interface FieldOptions {
  form: CommandForm;
  page: Page;
  /** Gets the focus when the form opens. */
  isFirst: boolean;
}
