import type { ImageToVideoPipeline } from '../inference/pipeline/image-to-video.ts';
import type { encodeVideo } from '../media/encode.ts';
import type { intake } from '../media/intake.ts';
import type { writeFrames } from '../media/write-frames.ts';

/** A pipeline as the render process uses it. */
export type RenderPipeline = Pick<ImageToVideoPipeline, 'info' | 'generate'>;

/** Everything that turns a picture into a clip, as parameters, so that a test can put its own in place of each. */
export interface RenderTools {
  pipeline: RenderPipeline;
  intake: typeof intake;
  encodeVideo: typeof encodeVideo;
  writeFrames: typeof writeFrames;
  /** A program that was proved to work. */
  ffmpegPath: string;
}
