import { join } from 'node:path';
import { add, reshape } from '../../../src/inference/graph/ops.ts';
import { readConfig } from '../../../src/inference/models/parse-config.ts';
import { downBlock, midBlock, upBlock } from '../../../src/inference/models/unet-blocks.ts';
import { unetBlocks as blocksOf, unetConfigSchema } from '../../../src/inference/models/unet-config.ts';
import { silu } from '../../../src/inference/nn/activations.ts';
import { oneTokenCrossAttention, selfAttention, temporalSelfAttention } from '../../../src/inference/nn/attention.ts';
import { inlineConditioning } from '../../../src/inference/nn/conditioning.ts';
import { timestepEmbedding, timesteps } from '../../../src/inference/nn/embeddings.ts';
import { conv2d } from '../../../src/inference/nn/layers.ts';
import { downsample2d, upsample2d } from '../../../src/inference/nn/resampling.ts';
import {
  alphaBlender,
  resnetBlock2d,
  spatioTemporalResBlock,
  temporalResnetBranch,
} from '../../../src/inference/nn/resnet-block.ts';
import {
  basicTransformerBlock,
  feedForward,
  geglu,
  temporalBasicTransformerBlock,
  transformerSpatioTemporal,
} from '../../../src/inference/nn/transformer-spatio-temporal.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { type BlockRun, describeBlockParity, type Recorded } from '../../support/block-parity.ts';
import type { Numbers } from '../../support/expect-close.ts';
import { goldenPath } from '../../support/golden.ts';
import { everyRow, permute, reshaped } from '../../support/permute.ts';

for (const model of ['tiny-a', 'tiny-b']) {
  const folder = goldenPath(join('models', model, 'unet'));
  const config = await readConfig(join(folder, 'config.json'), unetConfigSchema);
  const weights = await openWeights(folder, 'diffusion_pytorch_model');
  const frames = config.num_frames;
  const blocks = blocksOf(config);

  /** Which block of the UNet a module belongs to: the config's lists are outermost first. */
  const blockAt = (name: string) => {
    const [part, index] = name.split('.');
    if (part === 'mid_block') return blocks.at(-1)!;
    return part === 'up_blocks' ? blocks.at(-1 - Number(index))! : blocks[Number(index)]!;
  };
  const batchOf = (perFrame: Numbers) => perFrame.shape[0]! / frames;
  const temb = (recorded: Recorded) => everyRow(recorded.input('temb'), frames);
  const channelsOf = (weight: string) => weights.get(weight)!.shape[0]!;
  /** The context of one clip each, from what diffusers repeats per frame or per pixel. */
  const context = (recorded: Recorded, repeated: number) => everyRow(recorded.input('encoder_hidden_states'), repeated);

  /** [b·f, s, c] -> [b, f·s, c] and back is a reshape. */
  const merged = (x: Numbers, batch: number) =>
    reshaped(x, batch, x.data.length / batch / x.shape.at(-1)!, x.shape.at(-1)!);
  /** [b·s, f, c] -> [b, f·s, c]. */
  const fromPixels = (x: Numbers, batch: number) => {
    const [rows = 0, , channels = 0] = x.shape;
    const pixels = rows / batch;
    return merged(permute(reshaped(x, batch, pixels, frames, channels), [0, 2, 1, 3]), batch);
  };
  /** The tokens' batch, where only their number tells it: tiny-a's blocks ran two clips, tiny-b's one. */
  const clips = model === 'tiny-a' ? 2 : 1;

  const simple = (argument: string, build: (recorded: Recorded) => BlockRun['build']) => (recorded: Recorded) => ({
    inputs: { x: recorded.input(argument) },
    build: build(recorded),
    expected: recorded.output(),
  });

  const resBlock = (recorded: Recorded, argument: string, build: typeof spatioTemporalResBlock): BlockRun => {
    const x = recorded.input(argument);
    const outChannels = recorded.output().shape[1]!;
    return {
      inputs: { x, temb: temb(recorded) },
      build: (graph, inputs) =>
        build(graph, recorded.name, inputs.x!, {
          outChannels,
          // Any: it is far below the tolerance here. The blocks' own choice is held by the case `small-input`.
          eps: 1e-6,
          temb: silu(graph, inputs.temb!),
          batch: batchOf(x),
          frames,
        }),
      expected: recorded.output(),
    };
  };

  const unetBlock = (recorded: Recorded, output: string | undefined): BlockRun => {
    const x = recorded.input('hidden_states');
    const crossAttention = recorded.has('encoder_hidden_states');
    const skipNames = Array.from({ length: 8 }, (_, i) => `res_hidden_states_tuple/${i}`).filter(recorded.has);
    const skips = Object.fromEntries(skipNames.map((name, i) => [`skip${i}`, recorded.input(name)]));
    return {
      inputs: {
        x,
        temb: temb(recorded),
        ...skips,
        ...(crossAttention ? { context: context(recorded, frames) } : {}),
      },
      build(graph, inputs) {
        const options = {
          temb: silu(graph, inputs.temb!),
          conditioning: inlineConditioning(inputs.context ?? inputs.x!),
          batch: batchOf(x),
          frames,
          block: blockAt(recorded.name),
          crossAttention,
        };
        if (recorded.name === 'mid_block') return midBlock(graph, recorded.name, inputs.x!, options);
        const index = Number(recorded.name.split('.')[1]);
        const resample = index < blocks.length - 1;
        if (recorded.name.startsWith('down')) {
          return downBlock(graph, recorded.name, inputs.x!, { ...options, resample }).at(-1)!;
        }
        const states = Object.keys(skips).map((name) => inputs[name]!);
        return upBlock(graph, recorded.name, inputs.x!, { ...options, resample, skips: states });
      },
      expected: recorded.output(output),
    };
  };

  await describeBlockParity(
    `${model} UNet`,
    { golden: `networks/${model}.unet`, cases: ['blocks', 'small-input'], weights: Promise.resolve(weights) },
    {
      Timesteps: simple('timesteps', (recorded) => (graph, { x }) => {
        return timesteps(graph, x!, recorded.output().shape[1]!);
      }),
      TimestepEmbedding: simple('sample', ({ name }) => (graph, { x }) => {
        const timeEmbedDim = channelsOf(`${name}.linear_1.weight`);
        return timestepEmbedding(graph, name, x!, { timeEmbedDim, outDim: channelsOf(`${name}.linear_2.weight`) });
      }),
      Conv2d: simple(
        'input',
        ({ name }) =>
          (graph, { x }) =>
            conv2d(graph, name, x!, channelsOf(`${name}.weight`)),
      ),
      Downsample2D: simple(
        'hidden_states',
        ({ name }) =>
          (graph, { x }) =>
            downsample2d(graph, name, x!),
      ),
      Upsample2D: (recorded) => ({
        inputs: { x: recorded.input('hidden_states') },
        build: (graph, { x }) => upsample2d(graph, recorded.name, x!),
        expected: recorded.output(),
        folds: true,
      }),
      ResnetBlock2D: (recorded) => resBlock(recorded, 'input_tensor', resnetBlock2d),
      SpatioTemporalResBlock: (recorded) => resBlock(recorded, 'hidden_states', spatioTemporalResBlock),
      TemporalResnetBlock(recorded) {
        const x = recorded.input('input_tensor'); // [b, c, f, h, w]
        const [batch = 0, channels = 0, , height = 0, width = 0] = x.shape;
        const perFrame = recorded.input('temb'); // [b, f, t]
        const flat = (y: Numbers) => reshaped(y, batch, channels, frames, height * width);
        return {
          inputs: { x: flat(x), temb: everyRow(reshaped(perFrame, batch * frames, perFrame.shape[2]!), frames) },
          build: (graph, inputs) => {
            const activated = silu(graph, inputs.temb!);
            const branch = temporalResnetBranch(graph, recorded.name, inputs.x!, { eps: 1e-6, temb: activated });
            return add(graph, inputs.x!, branch);
          },
          expected: flat(recorded.output()),
        };
      },
      AlphaBlender: (recorded) => ({
        inputs: { spatial: recorded.input('x_spatial'), temporal: recorded.input('x_temporal') },
        build: (graph, { spatial, temporal }) => alphaBlender(graph, recorded.name, spatial!, temporal!),
        expected: recorded.output(),
      }),
      FeedForward: simple(
        'hidden_states',
        ({ name }) =>
          (graph, { x }) =>
            feedForward(graph, name, x!),
      ),
      GEGLU: simple('hidden_states', (recorded) => (graph, { x }) => {
        return geglu(graph, `${recorded.name}.proj`, x!, recorded.output().shape.at(-1)!);
      }),
      Attention(recorded) {
        const x = recorded.input('hidden_states');
        const { heads } = blockAt(recorded.name);
        const isTemporal = recorded.name.includes('temporal_transformer_blocks');
        if (recorded.has('encoder_hidden_states')) {
          const rowsPerClip = x.shape[0]! / clips;
          const [batch, channels] = [clips, x.shape[2]!];
          const perClip = everyRow(recorded.output(), rowsPerClip); // every row and token is the same
          const firstToken = perClip.data.length / batch;
          const data = Array.from({ length: batch }, (_, clip) =>
            Array.from(perClip.data).slice(clip * firstToken, clip * firstToken + channels),
          );
          return {
            inputs: { context: context(recorded, rowsPerClip) },
            build: (graph, inputs) => oneTokenCrossAttention(graph, recorded.name, inputs.context!, channels),
            expected: { shape: [batch, 1, channels], data: data.flat() },
          };
        }
        if (!isTemporal) {
          return {
            inputs: { x },
            build: (graph, inputs) => selfAttention(graph, recorded.name, inputs.x!, heads),
            expected: recorded.output(),
          };
        }
        return {
          inputs: { x: fromPixels(x, clips) },
          build: (graph, inputs) =>
            temporalSelfAttention(graph, recorded.name, inputs.x!, { batch: clips, frames, heads }),
          expected: fromPixels(recorded.output(), clips),
        };
      },
      BasicTransformerBlock: (recorded) => ({
        inputs: { x: merged(recorded.input('hidden_states'), clips), context: context(recorded, frames) },
        build: (graph, inputs) =>
          basicTransformerBlock(graph, recorded.name, inputs.x!, {
            batch: clips,
            frames,
            heads: blockAt(recorded.name).heads,
            conditioning: inlineConditioning(inputs.context!),
          }),
        expected: merged(recorded.output(), clips),
      }),
      TemporalBasicTransformerBlock(recorded) {
        const x = recorded.input('hidden_states');
        return {
          inputs: { x: merged(x, clips), context: context(recorded, x.shape[1]!) },
          build: (graph, inputs) =>
            temporalBasicTransformerBlock(graph, recorded.name, inputs.x!, {
              batch: clips,
              frames,
              heads: blockAt(recorded.name).heads,
              conditioning: inlineConditioning(inputs.context!),
            }),
          expected: merged(recorded.output(), clips),
        };
      },
      TransformerSpatioTemporalModel(recorded) {
        const { heads, transformerLayers } = blockAt(recorded.name);
        const layers = typeof transformerLayers === 'number' ? transformerLayers : transformerLayers[0]!;
        return {
          inputs: { x: recorded.input('hidden_states'), context: context(recorded, frames) },
          build: (graph, inputs) => {
            const conditioning = inlineConditioning(inputs.context!);
            const options = { batch: clips, frames, heads, layers, conditioning };
            return transformerSpatioTemporal(graph, recorded.name, reshape(graph, inputs.x!, inputs.x!.shape), options);
          },
          expected: recorded.output('0'),
        };
      },
      DownBlockSpatioTemporal: (recorded) => unetBlock(recorded, '0'),
      CrossAttnDownBlockSpatioTemporal: (recorded) => unetBlock(recorded, '0'),
      UNetMidBlockSpatioTemporal: (recorded) => unetBlock(recorded, undefined),
      UpBlockSpatioTemporal: (recorded) => unetBlock(recorded, undefined),
      CrossAttnUpBlockSpatioTemporal: (recorded) => unetBlock(recorded, undefined),
    },
  );
}
