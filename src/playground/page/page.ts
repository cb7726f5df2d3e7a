import type { createCommandDeeds } from './deeds/command-deeds.ts';
import type { createComponentDeeds } from './deeds/component-deeds.ts';
import type { createMessageDeeds } from './deeds/message-deeds.ts';
import type { createPageDeeds } from './deeds/page-deeds.ts';
import type { PageState } from './state/page-state.ts';
import type { PageTexts } from './texts/page-texts.ts';

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
