import type {
  ImageToVideoResult,
  ImageToVideoSettings,
  ModelInfo,
  PipelineProgress,
} from '../inference/pipeline/types.ts';
import type { encodeVideo } from '../media/encode.ts';
import type { intake } from '../media/intake.ts';
import type { writeFrames } from '../media/write-frames.ts';
import type { RgbPicture } from '../util/rgb.ts';

/** A pipeline as the render process uses it. */
export interface RenderPipeline {
  readonly info: ModelInfo;
  generate(
    picture: RgbPicture,
    settings: ImageToVideoSettings,
    options?: { signal?: AbortSignal },
  ): AsyncGenerator<PipelineProgress, ImageToVideoResult>;
}

/** Everything that turns a picture into a clip, as parameters, so that a test can put its own in place of each. */
export interface RenderTools {
  pipeline: RenderPipeline;
  intake: typeof intake;
  encodeVideo: typeof encodeVideo;
  writeFrames: typeof writeFrames;
  /** A program that was proved to work. */
  ffmpegPath: string;
}
