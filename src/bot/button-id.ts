/** What a button says when it is pressed: what to do, and with which job. The store knows the rest, so it works for ever. */
export interface ButtonPress {
  action: string;
  /** Left out where it is about no job, but about its own message. */
  jobId?: string | undefined;
  /** Which of the job's variations, counted from 1. */
  number?: number | undefined;
}

const pattern = /^([a-z-]{1,32})(?::([0-9a-f]{8})(?::([1-9]))?)?$/;

/** The custom id of a button. */
export function buttonId({ action, jobId, number }: ButtonPress): string {
  return [action, jobId, number].filter((part) => part !== undefined).join(':');
}

/** Reads a custom id back; undefined where it is none of ours. */
export function parseButtonId(customId: string): ButtonPress | undefined {
  const match = pattern.exec(customId);
  if (match === null) return undefined;
  const [, action = '', jobId, number] = match;
  return { action, jobId, ...(number !== undefined && { number: Number(number) }) };
}
