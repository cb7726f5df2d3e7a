import type { BotConfig } from '../../src/cli/app.ts';

/** What the measured bot is told when it starts. */
export interface MeasuredBotOrders {
  config: Omit<BotConfig, 'provider'>;
  /** Paths of what its child processes run. */
  renderEntry: string;
  checkEntry: string;
}

/** Its answer to any message. */
export interface StepReport {
  /** The longest turn of the event loop since the last report, in milliseconds of a processor. */
  longestMs: number;
}
