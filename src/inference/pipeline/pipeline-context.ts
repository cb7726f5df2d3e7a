import type { FramedPicture } from '../../util/rgb.ts';
import type { Precision } from '../graph/graph-builder.ts';
import type { ConcreteProvider } from '../runtime/session.ts';
import type { ModelConfigs } from './load-model.ts';
import type { Networks } from './networks.ts';
import type { CudaGraph, GuidanceBatch, ImageToVideoSettings } from './types.ts';

/** Everything one run works with. */
export interface PipelineContext {
  configs: ModelConfigs;
  networks: Networks;
  provider: ConcreteProvider;
  precision: Precision;
  guidanceBatch: GuidanceBatch;
  cudaGraph?: CudaGraph | undefined;
  /** Of the card that CUDA uses; undefined: not known, or no card. */
  cardBytes?: number | undefined;
  /** Takes lines for the operator's log. */
  log: (message: string) => void;
  /** Any size; set to undefined once the model's inputs are made of it, since a photo takes much memory. */
  picture: FramedPicture | undefined;
  /** The picture that the clip ends with, where it has one; dropped like the other. */
  endPicture?: FramedPicture | undefined;
  settings: ImageToVideoSettings;
  signal: AbortSignal | undefined;
}
