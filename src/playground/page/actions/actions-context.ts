import type { Action } from '../../protocol.ts';
import type { Connection } from '../connection.ts';
import { pageTexts } from '../messages/all-page-messages.ts';
import type { PageState } from '../state/page-state.ts';
import type { Store } from '../state/store.ts';

/** What all actions work with. */
export interface DeedsContext {
  store: Store<PageState>;
  connection: Connection;
}

type Asking = Extract<
  Action,
  { do: 'invoke' | 'invokeMessageCommand' | 'clickButton' | 'selectOption' | 'submitModal' }
>;
/** Distributes over the union, which `Omit` alone does not. */
type WithoutLocale<A> = A extends { locale: string } ? Omit<A, 'locale'> : A;

/**
 * Asks the bot for something and shows the form where it answers with one.
 *
 * @throws Error the reason, where there was no answer
 */
export async function interact({ store, connection }: DeedsContext, asked: WithoutLocale<Asking>): Promise<void> {
  const { locale } = pageTexts[store.state.language];
  // A form was opened in a language already.
  const action = asked.do === 'submitModal' ? asked : { ...asked, locale };
  const { interactionId, acknowledgement } = await connection.send(action);
  const { modal } = acknowledgement;
  if (modal !== null) store.set({ modal: { interactionId, modal, isSending: false, problem: null } });
}

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
