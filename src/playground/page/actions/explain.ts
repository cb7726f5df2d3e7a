import { pageTexts } from '../messages/all-page-messages.ts';
import type { DeedsContext } from './actions-context.ts';

const shownMs = 5_000;

/** Shows a sentence for a while. */
export function say({ store }: Pick<DeedsContext, 'store'>, text: string, { isProblem = false } = {}): void {
  const toast = { text, isProblem };
  store.set({ toast });
  setTimeout(() => {
    if (store.state.toast === toast) store.set({ toast: null });
  }, shownMs);
}

/** What the server refused, in the person's language where the page knows it. */
export function explain({ store }: Pick<DeedsContext, 'store'>, error: unknown): string {
  const texts = pageTexts[store.state.language];
  const reason = error instanceof Error ? error.message : '';
  if (/did not (respond|answer)/.test(reason)) return texts.noAnswer;
  return reason === '' ? texts.something : reason;
}
