import type { Action } from '../../protocol.ts';
import { pageTexts } from '../texts/all-page-texts.ts';
import type { DeedsContext } from './deeds-context.ts';

/** Distributes over the union, which `Omit` alone does not. */
type WithoutLocale<A> = A extends { locale: string } ? Omit<A, 'locale'> : A;
type Asking = Extract<
  Action,
  { do: 'invoke' | 'invokeMessageCommand' | 'clickButton' | 'selectOption' | 'submitModal' }
>;

/**
 * Asks the bot for something and shows the form where it answers with one.
 *
 * @throws Error the reason, where there was no answer
 */
export async function interact({ store, connection }: DeedsContext, asked: WithoutLocale<Asking>): Promise<void> {
  const { locale } = pageTexts[store.state.language];
  const { interactionId, acknowledgement } = await connection.send({ ...asked, locale } as Asking);
  const { modal } = acknowledgement;
  if (modal !== null) store.set({ modal: { interactionId, modal, isSending: false, problem: null } });
}
