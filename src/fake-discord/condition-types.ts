/**
 * How an answer or event strays from Discord's documentation: an optional field is `missing` or `null`; there is an
 * `unknown-field` or `unknown-event`; or an event comes that discord.js cannot parse (`unparseable`). The last kind only adds
 * events that nobody needs: what people do always arrives.
 */
export type DeviationKind = 'missing' | 'null' | 'unknown-field' | 'unknown-event' | 'unparseable';

/** How the stand-in deviates. */
export interface DeviateOptions {
  /** The same seed and the same course of events give the same deviations. */
  seed: number;
  /** How likely each field or event is to be touched, from 0 to 1. Default 0.3. */
  rate?: number;
  /** Default: all but `unparseable`. */
  kinds?: readonly DeviationKind[];
}

/** What is switched on for a test, a guild or a channel: the circumstances in which the real Discord is unkind. */
export interface Conditions {
  /**
   * From now on gateway events and REST answers stray from the documentation now and then; null ends it. They are marked as
   * `deviated` among the exchanges and not validated.
   */
  deviate(options: DeviateOptions | null): void;
}
