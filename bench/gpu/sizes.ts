import { svdXtConfigs } from '../../test/support/svd-xt-configs.ts';

/** The clip that is measured. */
export interface ClipSize {
  frames: number;
  width: number;
  height: number;
  steps: number;
  /** Frames decoded together. */
  decodeChunk: number;
}

/** What is measured: the configs of the model, and how large everything is. */
export interface BenchSizes {
  configs: Readonly<Record<string, Record<string, unknown>>>;
  clip: ClipSize;
  /** Shapes small enough for the CPU, which every network is compared in: pixels of a side, frames of the UNet and of the decoder. */
  compared: { size: number; unetFrames: number; decoderFrames: number };
  /** Chunks of frames that the decoder is timed with. */
  decodeChunks: readonly number[];
  /** Calls that are timed, after one that is not. */
  calls: { step: number; decode: number };
  /** What the demo model is asked for beside its own settings. */
  demo: { width?: number; height?: number; numFrames?: number; numInferenceSteps?: number };
}

/** transformers takes no 0 where it wants 0.0, which is how JavaScript writes it; its defaults are the same. */
const { attention_dropout, initializer_factor, ...imageEncoder } = svdXtConfigs['image_encoder/config.json'] ?? {};

/** SVD XT 1.1 as it is used: 25 frames of 1024×576 in 25 steps. */
export const fullSizes: BenchSizes = {
  configs: { ...svdXtConfigs, 'image_encoder/config.json': imageEncoder },
  clip: { frames: 25, width: 1024, height: 576, steps: 25, decodeChunk: 8 },
  compared: { size: 256, unetFrames: 14, decoderFrames: 4 },
  decodeChunks: [1, 8, 14],
  calls: { step: 5, decode: 3 },
  demo: {},
};

/** The same in seconds on a processor: a small model and a small clip, for `--provider cpu`. */
export const rehearsalSizes: BenchSizes = {
  configs: {
    ...svdXtConfigs,
    'unet/config.json': {
      ...svdXtConfigs['unet/config.json'],
      addition_time_embed_dim: 32,
      block_out_channels: [32, 64],
      cross_attention_dim: 24,
      // Attention in the middle alone: most of a rehearsal is making sessions of the UNet.
      down_block_types: ['DownBlockSpatioTemporal', 'DownBlockSpatioTemporal'],
      layers_per_block: 1,
      num_attention_heads: [4, 2],
      num_frames: 3,
      projection_class_embeddings_input_dim: 96,
      sample_size: 32,
      up_block_types: ['UpBlockSpatioTemporal', 'UpBlockSpatioTemporal'],
    },
    'vae/config.json': {
      ...svdXtConfigs['vae/config.json'],
      block_out_channels: [32, 32],
      down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
      layers_per_block: 1,
    },
    'image_encoder/config.json': {
      ...imageEncoder,
      hidden_size: 32,
      intermediate_size: 64,
      num_attention_heads: 2,
      num_hidden_layers: 1,
      projection_dim: 24,
    },
  },
  // Of one shape, so that tests, which share sessions of the same bytes, make each once.
  clip: { frames: 3, width: 32, height: 32, steps: 2, decodeChunk: 2 },
  compared: { size: 32, unetFrames: 3, decoderFrames: 2 },
  decodeChunks: [1, 2],
  calls: { step: 1, decode: 1 },
  demo: { width: 64, height: 64, numFrames: 2, numInferenceSteps: 2 },
};
