import { join } from 'node:path';
import { add, multiply, subtract } from '../../../src/inference/graph/ops.ts';
import { readConfig } from '../../../src/inference/models/parse-config.ts';
import { vaeConfigSchema } from '../../../src/inference/models/vae-config.ts';
import { downEncoderBlock2d, encoder, midBlock2d } from '../../../src/inference/models/vae-encoder.ts';
import {
  midBlockTemporalDecoder,
  timeConvOut,
  upBlockTemporalDecoder,
} from '../../../src/inference/models/vae-temporal-decoder.ts';
import { pixelAttention } from '../../../src/inference/nn/attention.ts';
import { downsample2dAsymmetric, upsample2d } from '../../../src/inference/nn/resampling.ts';
import {
  resnetBlock2d,
  spatioTemporalResBlock,
  temporalResnetBranch,
  temporalShare,
} from '../../../src/inference/nn/resnet-block.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { type BlockRun, describeBlockParity, type Recorded } from '../../support/block-parity.ts';
import type { Numbers } from '../../support/expect-close.ts';
import { goldenPath } from '../../support/golden.ts';
import { permute, reshaped } from '../../support/permute.ts';

for (const model of ['tiny-a', 'tiny-b']) {
  const folder = goldenPath(join('models', model, 'vae'));
  const config = await readConfig(join(folder, 'config.json'), vaeConfigSchema);
  const weights = await openWeights(folder, 'diffusion_pytorch_model');
  const { layers_per_block: layers, block_out_channels: widths, down_block_types: types } = config;

  /** The number in `…blocks.<number>`. */
  const indexOf = (name: string) => Number(name.split('.').at(-1));
  /** What was recorded is one clip, frames on the first axis. */
  const clipOf = (x: Numbers) => ({ batch: 1, frames: x.shape[0]! });
  const spatialEps = { eps: 1e-6 };
  const temporal = { ...spatialEps, temporalEps: 1e-5, switchSpatialToTemporalMix: true };

  const simple =
    (argument: string, build: (recorded: Recorded, x: Numbers) => BlockRun['build']) =>
    (recorded: Recorded): BlockRun => {
      const x = recorded.input(argument);
      return { inputs: { x }, build: build(recorded, x), expected: recorded.output() };
    };
  /** [b, c, f, h, w] -> [b, c, f, h·w]: the graphs have no tensor of five axes. */
  const flat = (x: Numbers) => {
    const [batch = 0, channels = 0, frames = 0] = x.shape;
    return reshaped(x, batch, channels, frames, x.data.length / (batch * channels * frames));
  };

  await describeBlockParity(
    `${model} VAE`,
    { golden: `networks/${model}.vae`, cases: ['encode', 'decode', 'small-input'], weights: Promise.resolve(weights) },
    {
      Encoder: simple(
        'sample',
        ({ name }) =>
          (graph, { x }) =>
            encoder(graph, name, x!, config),
      ),
      DownEncoderBlock2D: simple('hidden_states', ({ name }) => (graph, { x }) => {
        const index = indexOf(name);
        return downEncoderBlock2d(graph, name, x!, {
          outChannels: widths[index]!,
          layers,
          attention: types[index] === 'AttnDownEncoderBlock2D',
          downsample: index < widths.length - 1,
        });
      }),
      UNetMidBlock2D: simple(
        'hidden_states',
        ({ name }) =>
          (graph, { x }) =>
            midBlock2d(graph, name, x!),
      ),
      Attention: simple(
        'hidden_states',
        ({ name }) =>
          (graph, { x }) =>
            pixelAttention(graph, name, x!, { heads: 1, ...spatialEps }),
      ),
      ResnetBlock2D: simple('input_tensor', (recorded) => (graph, { x }) => {
        return resnetBlock2d(graph, recorded.name, x!, { outChannels: recorded.output().shape[1]!, ...spatialEps });
      }),
      Downsample2D: simple(
        'hidden_states',
        ({ name }) =>
          (graph, { x }) =>
            downsample2dAsymmetric(graph, name, x!),
      ),
      Upsample2D: (recorded) => ({
        inputs: { x: recorded.input('hidden_states') },
        build: (graph, { x }) => upsample2d(graph, recorded.name, x!),
        expected: recorded.output(),
        folds: true,
      }),
      MidBlockTemporalDecoder: simple('hidden_states', ({ name }, recorded) => (graph, { x }) => {
        return midBlockTemporalDecoder(graph, name, x!, { ...clipOf(recorded), layers });
      }),
      UpBlockTemporalDecoder: simple('hidden_states', (recorded, input) => (graph, { x }) => {
        return upBlockTemporalDecoder(graph, recorded.name, x!, {
          ...clipOf(input),
          layers: layers + 1,
          outChannels: recorded.output().shape[1]!,
          upsample: indexOf(recorded.name) < widths.length - 1,
        });
      }),
      SpatioTemporalResBlock: simple('hidden_states', (recorded, input) => (graph, { x }) => {
        const outChannels = recorded.output().shape[1]!;
        return spatioTemporalResBlock(graph, recorded.name, x!, { ...clipOf(input), outChannels, ...temporal });
      }),
      TemporalResnetBlock: (recorded) => ({
        inputs: { x: flat(recorded.input('input_tensor')) },
        build: (graph, { x }) =>
          add(graph, x!, temporalResnetBranch(graph, recorded.name, x!, { eps: temporal.temporalEps })),
        expected: flat(recorded.output()),
      }),
      AlphaBlender: (recorded) => ({
        inputs: { spatial: flat(recorded.input('x_spatial')), temporal: flat(recorded.input('x_temporal')) },
        // As `spatioTemporalResBlock` has it, whose temporal branch is the difference of the two.
        build: (graph, inputs) => {
          const branch = subtract(graph, inputs.temporal!, inputs.spatial!);
          const share = temporalShare(graph, recorded.name, { switchSpatialToTemporalMix: true });
          return add(graph, inputs.spatial!, multiply(graph, branch, share));
        },
        expected: flat(recorded.output()),
      }),
      Conv3d(recorded) {
        // Ours takes frames on the first axis, as the layers before it: [b, c, f, h, w] -> [b·f, c, h, w].
        const merged = (x: Numbers) => {
          const [batch = 0, channels = 0, frames = 0, height = 0, width = 0] = x.shape;
          return reshaped(permute(x, [0, 2, 1, 3, 4]), batch * frames, channels, height, width);
        };
        const input = recorded.input('input');
        const [batch = 0, , frames = 0] = input.shape;
        return {
          inputs: { x: merged(input) },
          build: (graph, { x }) => timeConvOut(graph, recorded.name, x!, { batch, frames }),
          expected: merged(recorded.output()),
        };
      },
    },
  );
}
