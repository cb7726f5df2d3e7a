import type { ApiCommand, Snowflake } from '../../../fake-discord/payloads.ts';
import { type ActionContext, explainError, interact, showToast } from './actions-context.ts';

/** What a person does with messages. */
export function createMessageActions(context: ActionContext) {
  const { store, connection } = context;

  async function orShowFailure(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      showToast(context, explainError(context, error), { isProblem: true });
    }
  }

  return {
    setDraft(draft: string) {
      store.set({ draft, commandIndex: 0 });
    },
    attach(files: readonly File[]) {
      const added = files.map((file) => ({ file, url: URL.createObjectURL(file) }));
      store.set({ draftFiles: [...store.state.draftFiles, ...added].slice(0, 10) });
    },
    detach(index: number) {
      store.set({ draftFiles: store.state.draftFiles.filter((_, other) => other !== index) });
    },
    setTitle(draftTitle: string) {
      store.set({ draftTitle });
    },
    /** To a forum: what was drafted becomes a post, which is shown then. */
    async postToForum() {
      const { channelId, draft, draftTitle, draftFiles } = store.state;
      const [name, content] = [draftTitle.trim(), draft.trim()];
      if (name === '' || (content === '' && draftFiles.length === 0)) return;
      const work = async () => {
        const files = await Promise.all(draftFiles.map(({ file }) => connection.upload(file)));
        const post = await connection.send({ do: 'createPost', channelId, name, content, files });
        store.set({ draft: '', draftTitle: '', draftFiles: [], channelId: post.channelId });
      };
      await orShowFailure(work());
    },
    /** Starts a thread in the channel that is shown, and shows it. */
    async startThread(name: string) {
      const { channelId } = store.state;
      store.set({ menu: null });
      const work = async () => {
        const thread = await connection.send({ do: 'createThread', channelId, name });
        store.set({ channelId: thread.channelId, form: null, replyTo: null });
      };
      await orShowFailure(work());
    },
    async post() {
      const { channelId, draft, draftFiles, replyTo } = store.state;
      const content = draft.trim();
      if (content === '' && draftFiles.length === 0) return;
      store.set({ draft: '', draftFiles: [], replyTo: null, sentCount: store.state.sentCount + 1 });
      const work = async () => {
        const files = await Promise.all(draftFiles.map(({ file }) => connection.upload(file)));
        const reply = replyTo === null ? {} : { replyTo };
        await connection.send({ do: 'postMessage', channelId, content, files, ...reply });
      };
      await orShowFailure(work());
    },
    replyTo(messageId: Snowflake | null) {
      store.set({ replyTo: messageId, menu: null });
    },
    async toggleReaction(messageId: Snowflake, emoji: string) {
      store.set({ menu: null });
      const isOwn = store.state.ownReactions.has(`${messageId} ${emoji}`);
      await orShowFailure(connection.send({ do: isOwn ? 'unreact' : 'react', messageId, emoji }));
    },
    /** Of an ephemeral message this is "Dismiss". */
    async delete(messageId: Snowflake) {
      store.set({ menu: null });
      await orShowFailure(connection.send({ do: 'deleteMessage', messageId }));
    },
    async useMessageCommand({ name }: ApiCommand, targetMessageId: Snowflake) {
      store.set({ menu: null });
      await orShowFailure(interact(context, { do: 'invokeMessageCommand', command: name, targetMessageId }));
    },
    async useUserCommand({ name }: ApiCommand, targetUserId: Snowflake) {
      const { channelId } = store.state;
      store.set({ menu: null });
      await orShowFailure(interact(context, { do: 'invokeUserCommand', channelId, command: name, targetUserId }));
    },
    openMenu(messageId: Snowflake, { left, top }: { left: number; top: number }) {
      store.set({ menu: { messageId, left, top }, activeMessageId: messageId });
    },
    closeMenu() {
      store.set({ menu: null });
    },
    activate(messageId: Snowflake) {
      if (store.state.activeMessageId !== messageId) store.set({ activeMessageId: messageId });
    },
    dismissNotice(id: string) {
      store.set({ notices: store.state.notices.filter((notice) => notice.id !== id) });
    },
  };
}
