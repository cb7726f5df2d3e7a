/** How much may be asked for. 0 means: no limit. */
export interface Limits {
  maxWaitingPerUser: number;
  maxWaitingPerGuild: number;
  /** Between two jobs of a user. */
  cooldownSeconds: number;
  /** Clips per user in 24 hours; failed and cancelled ones do not count. */
  dailyQuota: number;
  maxSteps: number;
  maxFrames: number;
}

/** The limits that whoever runs the bot sets: those of a server, which hold everywhere, and one on all servers together. */
export interface OperatorLimits extends Limits {
  /** Jobs that wait, wherever they were asked for. */
  maxWaitingTotal: number;
}

/** Everything is allowed. */
export const noLimits: OperatorLimits = {
  maxWaitingPerUser: 0,
  maxWaitingPerGuild: 0,
  maxWaitingTotal: 0,
  cooldownSeconds: 0,
  dailyQuota: 0,
  maxSteps: 0,
  maxFrames: 0,
};

/** The names of the limits that a server may set for itself. */
export const limitNames = [
  'maxWaitingPerUser',
  'maxWaitingPerGuild',
  'cooldownSeconds',
  'dailyQuota',
  'maxSteps',
  'maxFrames',
] as const satisfies readonly (keyof Limits)[];

/** The stricter of two limits, where 0 is none. */
export function stricter(a: number, b: number): number {
  return a === 0 || b === 0 ? Math.max(a, b) : Math.min(a, b);
}
