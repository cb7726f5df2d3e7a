import type { Log } from '../../src/util/log.ts';

/** One logged event. */
export interface LoggedEvent {
  level: keyof Log;
  fields: Readonly<Record<string, unknown>>;
  message: string;
}

/** A log that keeps what it is given, and passes it on. */
export function createRecordingLog(next?: Log): Log & { events: LoggedEvent[] } {
  const events: LoggedEvent[] = [];
  const record = (level: keyof Log) => (fields: object, message: string) => {
    events.push({ level, fields: { ...fields }, message });
    next?.[level](fields, message);
  };
  return { events, debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') };
}
