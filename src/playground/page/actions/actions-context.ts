import type { Connection } from '../connection.ts';
import type { PageState } from '../state/page-state.ts';
import type { Store } from '../state/store.ts';

/** What all actions work with. */
export interface DeedsContext {
  store: Store<PageState>;
  connection: Connection;
}
