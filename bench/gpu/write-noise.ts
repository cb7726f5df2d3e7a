import { crossAttentionDim } from '../../src/inference/models/unet-config.ts';
import type { NetworkRequest } from '../../src/inference/pipeline/build-network.ts';
import type { ModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { torchGenerator } from '../../src/inference/random/torch-generator.ts';
import { type CheckpointTensor, writeCheckpoint } from '../../test/support/checkpoint.ts';

/** Writes noise as a network's inputs, under Kinora's names; the same every time. */
export function writeNoise(path: string, { unet, vae, imageEncoder }: ModelConfigs, request: NetworkRequest): void {
  const generator = torchGenerator(1);
  const noise = (...shape: number[]): CheckpointTensor => {
    const values = generator.randn(shape.reduce((product, axis) => product * axis, 1));
    return { dtype: 'F32', shape, values };
  };
  writeCheckpoint(path, inputsOf());

  function inputsOf(): Record<string, CheckpointTensor> {
    switch (request.network) {
      case 'image-encoder': {
        const { image_size: side } = imageEncoder;
        return { pixel_values: noise(1, 3, side, side) };
      }
      case 'vae-encoder':
        return { sample: noise(1, 3, request.height, request.width) };
      case 'vae-decoder':
        return { z: noise(request.frames, vae.latent_channels, request.height, request.width) };
      default: {
        const { batch, frames, width, height } = request;
        const context = noise(batch, 1, crossAttentionDim(unet));
        // With guidance the first branch sees no picture: its embedding is zero.
        if (batch === 2) context.values.fill(0 as never, 0, crossAttentionDim(unet));
        const ids = Float32Array.from(Array.from({ length: batch }, () => [6, 127, 0.02]).flat());
        return {
          sample: noise(batch * frames, unet.in_channels, height, width),
          timestep: { dtype: 'F32', shape: [batch], values: new Float32Array(batch).fill(1.2) },
          encoder_hidden_states: context,
          added_time_ids: { dtype: 'F32', shape: [batch, 3], values: ids },
        };
      }
    }
  }
}
