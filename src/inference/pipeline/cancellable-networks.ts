import { cancellationPoint } from '../../util/cancellation.ts';
import type { Networks } from './networks.ts';

/** The same networks, which load nothing and run nothing once the signal was aborted. */
export function cancellableNetworks(networks: Networks, signal: AbortSignal | undefined): Networks {
  return {
    async open(request) {
      const session = await networks.open(request, signal);
      return {
        async run(inputs) {
          await cancellationPoint(signal);
          return session.run(inputs, signal);
        },
        release: () => session.release(),
      };
    },
    release: () => networks.release(),
  };
}
