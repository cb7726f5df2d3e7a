import { notAcknowledged } from './interactions.ts';
import { renderMessage } from './message-view.ts';
import type { ApiMessage } from './payloads.ts';
import type { InteractionHandle } from './types.ts';
import { waitUntil } from './waiting.ts';
import type { StoredInteraction, World } from './world.ts';

/** What a person holds of an interaction. */
export function interactionHandle(world: World, interaction: StoredInteraction): InteractionHandle {
  const { id, token, userId, channelId, settled } = interaction;
  const messages = (): ApiMessage[] =>
    interaction.messageIds.flatMap((messageId) => {
      const stored = world.messages.get(messageId);
      return stored ? [renderMessage(world, stored)] : [];
    });
  return {
    id,
    token,
    userId,
    channelId,
    acknowledged: settled,
    messages,
    original: () => {
      const stored = world.messages.get(interaction.originalId ?? '');
      return stored && renderMessage(world, stored);
    },
    waitForMessage: (predicate = () => true, options = {}) =>
      waitUntil(
        world.changes,
        () => {
          const found = messages().find(predicate);
          if (found === undefined && interaction.failed) throw notAcknowledged(interaction);
          return found;
        },
        { ...options, describe: () => `The interaction's messages: ${summary(messages())}` },
      ),
  };
}

/** Messages in one line each, for errors. */
export function summary(messages: readonly ApiMessage[]): string {
  const lines = messages.map(({ id, flags, content, attachments, components }) => {
    const files = attachments.map(({ filename }) => filename).join(', ');
    return `${id} flags ${flags} "${content}" files [${files}] rows ${components.length}`;
  });
  return lines.join('; ') || 'none';
}
