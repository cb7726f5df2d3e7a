import type { PageMessages } from '../messages/page-messages.ts';

const dayMs = 86_400_000;

/** When a message was sent, as Discord writes it: `Today at 19:05`; `isShort`: the time alone. */
export function messageTime(
  timestamp: string,
  { locale, today, yesterday }: PageMessages,
  { isShort = false } = {},
): string {
  const moment = new Date(timestamp);
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(moment);
  if (isShort || isSameDay(moment, new Date())) return isShort ? time : today(time);
  if (isSameDay(moment, new Date(Date.now() - dayMs))) return yesterday(time);
  return new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' }).format(moment);
}

function isSameDay(one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString();
}
