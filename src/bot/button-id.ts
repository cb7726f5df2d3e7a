/** What a button says when it is pressed: what to do, and with which job. The store knows the rest, so it works for ever. */
export interface ButtonPress {
  action: string;
  /** Left out where it is about no job, but about its own message. */
  jobId?: string | undefined;
}

const pattern = /^([a-z-]{1,32})(?::([0-9a-f]{8}))?$/;

/** The custom id of a button. */
export function buttonId({ action, jobId }: ButtonPress): string {
  return jobId === undefined ? action : `${action}:${jobId}`;
}

/** Reads a custom id back; undefined where it is none of ours. */
export function parseButtonId(customId: string): ButtonPress | undefined {
  const match = pattern.exec(customId);
  return match ? { action: match[1]!, jobId: match[2] } : undefined;
}
