import type { PlaygroundChannel } from '../protocol.ts';
import type { createCommandActions } from './actions/command-actions.ts';
import type { createComponentActions } from './actions/component-actions.ts';
import type { createMessageActions } from './actions/message-actions.ts';
import type { createPageActions } from './actions/page-actions.ts';
import type { PageMessages } from './messages/page-messages.ts';
import type { CommandForm } from './state/command-form.ts';
import type { PageState } from './state/page-state.ts';

/** What every view gets: the state, the messages, and the actions. */
export interface Page {
  state: PageState;
  /** {@link PageState.session}, not null: views are drawn after the welcome only. */
  session: NonNullable<PageState['session']>;
  i18n: PageMessages;
  commands: ReturnType<typeof createCommandActions>;
  messages: ReturnType<typeof createMessageActions>;
  components: ReturnType<typeof createComponentActions>;
  view: ReturnType<typeof createPageActions>;
  /** Shows a problem as a toast. */
  notify(problem: string): void;
}

/** The channel that is shown. */
export function shownChannel({ session, state }: Pick<Page, 'session' | 'state'>): PlaygroundChannel | undefined {
  return session.channels.find(({ id }) => id === state.channelId);
}

/** What a field of a command's form gets. */
export interface FieldOptions {
  form: CommandForm;
  page: Page;
  /** Gets the focus when the form opens. */
  isFirst: boolean;
}
