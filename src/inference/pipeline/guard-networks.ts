import { InferenceError } from '../../errors.ts';
import { cancellationPoint } from '../../util/cancellation.ts';
import type { NetworkSession } from '../runtime/session.ts';
import type { Networks } from './networks.ts';
import type { PipelineStage } from './types.ts';

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

/** Where a run is: the step that is being worked at, counted from 1. */
export interface StagePosition {
  stage: PipelineStage;
  step: number;
  steps: number;
}

/** The UNet's cached inner features are not checked: a fault in them shows in the prediction of the same call. */
const unchecked = 'deep_features';

/**
 * The same networks, whose outputs are checked for NaN and infinities: a clip of such values would be black and count
 * as rendered. Costs 0.75 ns a value, 1.4 ms for a step of SVD XT with guidance.
 */
export function finiteNetworks(networks: Networks, position: () => StagePosition | undefined): Networks {
  return {
    async open(request) {
      const session = await networks.open(request);
      return {
        async run(inputs) {
          const outputs = await session.run(inputs);
          for (const [name, values] of Object.entries(outputs)) {
            if (name !== unchecked) requireFinite(values, `The network ${request.network}`, position());
          }
          return outputs;
        },
        release: () => session.release(),
      };
    },
    release: () => networks.release(),
  };
}

/**
 * @param whose what produced the values, the subject of the error message
 * @throws InferenceError `non-finite`: a value is NaN or infinite
 */
export function requireFinite(values: Float32Array, whose: string, position?: StagePosition): void {
  if (areFinite(values)) return;
  const { stage, step, steps } = position ?? {};
  const where = stage === undefined ? '' : ` (${stage}, step ${step} of ${steps})`;
  const message =
    `${whose} gave values that are not finite${where}. See whether its weights are whole with ` +
    '`kinora model check --full`; where they are and half precision is used, set PRECISION=float32.';
  throw new InferenceError('non-finite', message, { ...(position && { details: { ...position } }) });
}

/** A finite value times 0 is 0, NaN or infinity times 0 is NaN: one sum tells. The quickest of five ways measured. */
function areFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]! * 0;
  return sum === 0;
}

/** Uses a network's session and releases it, also when `use` throws. */
export async function withSession<Result>(
  opening: Promise<NetworkSession>,
  use: (session: NetworkSession) => Promise<Result>,
): Promise<Result> {
  const session = await opening;
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

/**
 * A network's output, which its graph declares.
 * @throws InferenceError it is not there
 */
export function requireOutput(tensor: Float32Array | undefined): Float32Array {
  if (tensor === undefined) throw new InferenceError('session-output', 'A network lacks an output.');
  return tensor;
}
