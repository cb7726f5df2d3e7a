import type { Action } from '../../protocol.ts';
import type { Connection } from '../connection.ts';
import { pageMessages } from '../messages/all-page-messages.ts';
import type { PageState } from '../state/page-state.ts';
import type { Store } from '../state/store.ts';

/** What all actions work with. */
export interface ActionContext {
  store: Store<PageState>;
  connection: Connection;
}

type InteractionAction = Extract<
  Action,
  { do: 'invoke' | 'invokeMessageCommand' | 'invokeUserCommand' | 'clickButton' | 'selectOption' | 'submitModal' }
>;
/** A conditional type distributes over the union; `Omit` alone does not. */
type WithoutLocale<A> = A extends { locale: string } ? Omit<A, 'locale'> : A;

/**
 * Sends an interaction to the bot, and shows the modal if the bot answers with one.
 *
 * @throws Error the reason, where there was no answer
 */
export async function interact(
  { store, connection }: ActionContext,
  asked: WithoutLocale<InteractionAction>,
): Promise<void> {
  const { locale } = pageMessages[store.state.language];
  // A modal keeps the locale of the interaction that opened it.
  const action = asked.do === 'submitModal' ? asked : { ...asked, locale };
  const { interactionId, acknowledgement } = await connection.send(action);
  const { modal } = acknowledgement;
  if (modal !== null) store.set({ modal: { interactionId, modal, isSending: false, problem: null } });
}

const shownMs = 5_000;

/** Shows a sentence as a toast for {@link shownMs}. */
export function showToast({ store }: Pick<ActionContext, 'store'>, text: string, { isProblem = false } = {}): void {
  const toast = { text, isProblem };
  store.set({ toast });
  setTimeout(() => {
    if (store.state.toast === toast) store.set({ toast: null });
  }, shownMs);
}

/** The server's reason for a refusal, in the person's language where the page has a translation. */
export function explainError({ store }: Pick<ActionContext, 'store'>, error: unknown): string {
  const i18n = pageMessages[store.state.language];
  const reason = error instanceof Error ? error.message : '';
  if (/did not (respond|answer)/.test(reason)) return i18n.noAnswer;
  if (/takes only image\b/.test(reason)) return i18n.wrongFile;
  return reason === '' ? i18n.something : reason;
}
