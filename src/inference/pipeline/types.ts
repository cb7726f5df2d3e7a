import type { PipelineStage } from '../../settings/clip.ts';
import type { LoopName } from '../../settings/clip-form.ts';
import type { CudaGraph, ExecutionOptions, GuidanceBatch, MemoryMode, ProviderName } from '../../settings/execution.ts';
import type { ImageToVideoSettings } from '../../settings/image-to-video.ts';
import type { ModelLimits } from '../../settings/kinds.ts';
import type { RgbFrames } from '../../util/rgb.ts';

export type {
  CudaGraph,
  ExecutionOptions,
  GuidanceBatch,
  ImageToVideoSettings,
  MemoryMode,
  PipelineStage,
  ProviderName,
};

/** What a model folder allows and proposes, read from its configs without opening the weights. */
export interface ModelInfo {
  /** The folder's own name or the model's name; shown to people and written into clips. */
  name: string;
  /** A sentence about the model, where its makers wrote one. */
  description?: string;
  defaults: Omit<ImageToVideoSettings, 'seed'>;
  /** How its clips repeat where nobody chooses; left out: they do not. */
  loop?: LoopName;
  /** It knows one move to one side; whoever renders lays the picture so that the seed chooses among four. */
  orientsBySeed?: boolean;
  /** Of such a model: pixels to generate, and cut off, beyond the edge that a pan comes to, so that it is never seen. */
  panMargin?: number;
  /** Of such a model: it zooms where this is added to the motion bucket. */
  zoomBucket?: number;
  limits: ModelLimits;
}

/** News from a running pipeline. `step` counts finished steps of the stage, 0…steps. */
export interface PipelineProgress {
  stage: PipelineStage;
  step: number;
  steps: number;
  /** Mean of the stage's finished steps; undefined before the first one ends. */
  secondsPerStep: number | undefined;
}

/** Larger states are not handed over: about seventeen times that of SVD XT's own clip. */
export const maxCheckpointBytes = 64 * 1024 * 1024;

/** How the state of a run is handed over, from which another run can go on. */
export interface CheckpointOptions {
  /** At most one in so many seconds. */
  everySeconds: number;
  /** Takes a state; the run waits for it. The bytes are its own. */
  hand: (bytes: Uint8Array) => Promise<void>;
}

/** What a run ends with. */
export interface ImageToVideoResult extends RgbFrames {
  settings: ImageToVideoSettings;
  /** The provider that really ran the networks. */
  provider: Exclude<ProviderName, 'auto'>;
  secondsPerStage: Record<PipelineStage, number>;
  /** Of a variation: how far it has come, see {@link CheckpointOptions.hand}; left out where that is too large. */
  state?: Uint8Array;
}
