import type { Snowflake } from '../../../fake-discord/payloads.ts';
import type { FileReference, FormValues } from '../../protocol.ts';
import { pageMessages } from '../messages/all-page-messages.ts';
import { type ActionContext, explainError, interact } from './actions-context.ts';

/** What a person does with the buttons, menus and forms of the bot. */
export function createComponentActions(context: ActionContext) {
  const { store, connection } = context;

  async function use(messageId: Snowflake, customId: string, work: () => Promise<void>): Promise<void> {
    const key = `${messageId} ${customId}`;
    const { busy, failures } = store.state;
    if (busy.has(key)) return;
    store.set({ busy: new Set([...busy, key]), failures: without(failures, messageId) });
    try {
      await work();
    } catch (error) {
      const i18n = pageMessages[store.state.language];
      const reason = explainError(context, error);
      const text = reason === i18n.noAnswer ? i18n.failed : reason;
      store.set({ failures: new Map([...store.state.failures, [messageId, text]]) });
    } finally {
      store.set({ busy: new Set([...store.state.busy].filter((other) => other !== key)) });
    }
  }

  return {
    press: (messageId: Snowflake, customId: string) =>
      use(messageId, customId, () => interact(context, { do: 'clickButton', messageId, customId })),
    select: (messageId: Snowflake, customId: string, values: string[]) =>
      use(messageId, customId, () => interact(context, { do: 'selectOption', messageId, customId, values })),
    /** Resolves to whether the bot accepted the values. */
    async submitModal(values: FormValues, chosen: Readonly<Record<string, File>>): Promise<boolean> {
      const { modal } = store.state;
      if (modal === null || modal.isSending) return false;
      store.set({ modal: { ...modal, isSending: true, problem: null } });
      try {
        const files: Record<string, FileReference> = {};
        for (const [name, file] of Object.entries(chosen)) files[name] = await connection.upload(file);
        await interact(context, { do: 'submitModal', interactionId: modal.interactionId, values, files });
        return true;
      } catch (error) {
        store.set({ modal: { ...modal, isSending: false, problem: explainError(context, error) } });
        return false;
      }
    },
    closeModal() {
      store.set({ modal: null });
    },
  };
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): Map<K, V> {
  return new Map([...map].filter(([other]) => other !== key));
}
