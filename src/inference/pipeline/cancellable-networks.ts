import { setImmediate as nextTurn } from 'node:timers/promises';
import { JobCancelledError } from '../../errors.ts';
import type { Networks } from './networks.ts';

/** @throws JobCancelledError the signal was aborted */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new JobCancelledError();
}

/**
 * The same networks, which load nothing and run nothing once the signal was aborted. Loading and running block the
 * event loop, so each takes a turn first: an abort that is on its way gets in.
 */
export function cancellableNetworks(networks: Networks, signal: AbortSignal | undefined): Networks {
  const check = async () => {
    await nextTurn();
    throwIfCancelled(signal);
  };
  return {
    async open(request) {
      await check();
      const session = await networks.open(request);
      return {
        async run(inputs) {
          await check();
          return session.run(inputs);
        },
        release: () => session.release(),
      };
    },
    release: () => networks.release(),
  };
}
