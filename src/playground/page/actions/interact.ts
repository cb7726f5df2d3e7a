import type { Action } from '../../protocol.ts';
import { pageTexts } from '../messages/all-page-messages.ts';
import type { DeedsContext } from './actions-context.ts';

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
