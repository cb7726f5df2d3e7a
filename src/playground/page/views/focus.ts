import type { Snowflake } from '../../../fake-discord/payloads.ts';

/** For lit's `ref`: gives the focus to an element when it appears. */
export function focusOnMount(element?: Element): void {
  if (!(element instanceof HTMLElement)) return;
  // lit calls a `ref` before it inserts the element.
  queueMicrotask(() => element.focus());
}

/** Shows a message and gives it the focus. */
export function jumpTo(messageId: Snowflake): void {
  const element = document.getElementById(`message-${messageId}`);
  element?.scrollIntoView({ block: 'center' });
  element?.focus();
}

/** Lets the arrow keys, Home and End move the focus between the elements of a list, menu or row of tabs. */
export function moveFocus(event: KeyboardEvent, { of, selector }: { of: HTMLElement; selector: string }): void {
  const items = [...of.querySelectorAll<HTMLElement>(selector)].filter((item) => !item.matches(':disabled'));
  const at = items.indexOf(document.activeElement as HTMLElement);
  const targets: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowRight: at + 1,
    ArrowUp: at - 1,
    ArrowLeft: at - 1,
    Home: 0,
    End: items.length - 1,
  };
  const target = targets[event.key];
  if (target === undefined || items.length === 0) return;
  event.preventDefault();
  items[(target + items.length) % items.length]?.focus();
}
