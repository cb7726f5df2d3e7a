import { type Attempt, attemptFields } from '../storage/attempts.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';

/** How the names of holders begin that render in the process that owns the store: when it starts, earlier ones are gone. */
export const localHolders = 'local ';

/** How long a claimed job stays its holder's without a heartbeat, in milliseconds. */
export const defaultLeaseMs = 15_000;

/** Heartbeats in the time of a lease: two may be lost. */
const heartbeatsPerLease = 3;

/** What {@link keepLease} works with. */
export interface LeaseKeeperOptions {
  leaseMs: number;
  /** Renews the lease; false where it is lost. */
  heartbeat: (attempt: Attempt) => Promise<boolean>;
  clock: Clock;
  log: Log;
  /** The job is another attempt's now. Called once at most, and not after the keeper was stopped. */
  onLost: () => void;
}

/** Renews an attempt's lease for as long as its job is rendered. Returns how to stop. */
export function keepLease(
  attempt: Attempt,
  { leaseMs, heartbeat, clock, log, onLost }: LeaseKeeperOptions,
): () => void {
  let isStopped = false;
  let cancelTimer = () => {};

  function waitForNext(): void {
    cancelTimer = clock.after(leaseMs / heartbeatsPerLease, () => void beat());
  }

  async function beat(): Promise<void> {
    let isHeld = true;
    try {
      isHeld = await heartbeat(attempt);
    } catch (err) {
      // Whether it is lost is said by the store alone.
      log.warn({ ...attemptFields(attempt), err }, 'the heartbeat of a job could not be written; trying again');
    }
    if (isStopped) return;
    if (isHeld) waitForNext();
    else onLost();
  }

  waitForNext();
  return () => {
    isStopped = true;
    cancelTimer();
  };
}
