import { InferenceError } from '../../errors.ts';
import type { Networks } from './networks.ts';
import type { PipelineStage } from './types.ts';

/** Where a run is: the step that is being worked at, counted from 1. */
export interface StagePosition {
  stage: PipelineStage;
  step: number;
  steps: number;
}

/** Values inside the UNet that wait for later steps: what is wrong with them shows in the prediction of the same call. */
const unchecked = 'deep_features';

/**
 * The same networks, whose outputs are looked through for NaN and infinities. A clip of such values would be black and
 * count as made. It takes 0.75 ns a value: 1.4 ms for a step of SVD XT with guidance.
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
 * @param whose what gave the values, as the beginning of a sentence
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

/** A product with 0 is 0, or NaN where the value is NaN or infinite; the quickest of five ways that were measured. */
function areFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]! * 0;
  return sum === 0;
}
