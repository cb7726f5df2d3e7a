import type { ImageToVideoPipeline } from '../inference/pipeline/image-to-video.ts';
import type { decodeVideo } from '../media/decode-video.ts';
import type { finishClip } from '../media/finish-clip.ts';
import type { readPictureInfo } from '../media/open-picture.ts';
import type { pictureForClip } from '../media/picture-for-clip.ts';
import type { writeFrames } from '../media/write-frames.ts';
import type { SafetyRule } from './refuse-unsafe.ts';

/** A pipeline as the render process uses it. */
export type RenderPipeline = Pick<ImageToVideoPipeline, 'info' | 'generate'>;

/** Everything that turns a picture into a clip, as parameters, so that a test can put its own in place of each. */
export interface RenderTools {
  pipeline: RenderPipeline;
  readPictureInfo: typeof readPictureInfo;
  pictureForClip: typeof pictureForClip;
  finishClip: typeof finishClip;
  decodeVideo: typeof decodeVideo;
  writeFrames: typeof writeFrames;
  /** Where the operator set one. */
  safety?: SafetyRule;
  /** A program that was proved to work. */
  ffmpegPath: string;
}
