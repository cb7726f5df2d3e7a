import type { Snowflake } from '../../../fake-discord/payloads.ts';

/** Shows a message and gives it the focus. */
export function jumpTo(messageId: Snowflake): void {
  const element = document.getElementById(`message-${messageId}`);
  element?.scrollIntoView({ block: 'center' });
  element?.focus();
}
