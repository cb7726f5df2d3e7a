import type { Snowflake } from '../../../fake-discord/payloads.ts';
import type { Fault } from '../../protocol.ts';
import { pageMessages } from '../messages/all-page-messages.ts';
import type { FaultKey } from '../messages/page-messages.ts';
import type { Language, PageState } from '../state/page-state.ts';
import { remembered } from '../state/store.ts';
import { type ActionContext, explainError } from './actions-context.ts';

/** What a visitor does with the page around the conversation. */
export function createPageActions(context: ActionContext) {
  const { store, connection } = context;
  return {
    showChannel(channelId: Snowflake) {
      store.set({ channelId, isChannelListOpen: false, form: null, replyTo: null, menu: null, activeMessageId: null });
    },
    async moderate(isModerator: boolean) {
      await connection.send({ do: 'moderate', moderator: isModerator }).catch(() => {});
      const { session } = store.state;
      if (session !== null) store.set({ session: { ...session, isModerator } });
    },
    async archiveThread(channelId: Snowflake, archived: boolean) {
      await connection.send({ do: 'archiveThread', channelId, archived }).catch(() => {});
    },
    showChannelList(isChannelListOpen: boolean) {
      store.set({ isChannelListOpen });
    },
    setLanguage(language: Language) {
      remembered.language.set(language);
      store.set({ language });
    },
    setTheme(theme: PageState['theme']) {
      remembered.theme.set(theme);
      store.set({ theme });
    },
    async showPanel(isPanelOpen: boolean) {
      store.set({ isPanelOpen, isChannelListOpen: false, exchanges: [] });
      await connection.send({ do: 'watchExchanges', watch: isPanelOpen }).catch(() => {});
    },
    highlightCommand(commandIndex: number) {
      store.set({ commandIndex });
    },
    showTab(panelTab: PageState['panelTab']) {
      store.set({ panelTab });
    },
    filterExchanges(change: Partial<PageState['exchangeFilter']>) {
      store.set({ exchangeFilter: { ...store.state.exchangeFilter, ...change } });
    },
    clearExchanges() {
      store.set({ exchanges: [] });
    },
    async triggerFault(fault: Fault) {
      const { faultDone } = pageMessages[store.state.language];
      const key = faultKey(fault);
      const note = (text: string, isProblem: boolean) =>
        store.set({ faultNotes: { ...store.state.faultNotes, [key]: { text, isProblem, atMs: Date.now() } } });
      try {
        await connection.send({ do: 'fault', fault });
        note(faultDone[key], false);
      } catch (error) {
        note(explainError(context, error), true);
      }
    },
  };
}

function faultKey(fault: Fault): FaultKey {
  return fault.name === 'fail-next-edit' ? `fail-${fault.status}` : fault.name;
}
