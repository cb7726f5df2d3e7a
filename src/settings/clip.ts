import type { ClipFormat, FileForm, FitName } from './clip-form.ts';
import type { ProviderName } from './execution.ts';
import type { ImageToVideoSettings } from './image-to-video.ts';

/** Stages of a pipeline run, in order. */
export const pipelineStages = ['prepare', 'encode-image', 'denoise', 'decode'] as const;
export type PipelineStage = (typeof pipelineStages)[number];

/** Stages of a render, in order. */
export const renderStages = [...pipelineStages, 'upscale', 'encode-video'] as const;
export type RenderStage = (typeof renderStages)[number];

/** What computes frames in between: a network, or ffmpeg's filter where there is none. */
export const interpolators = ['rife', 'minterpolate'] as const;
export type Interpolator = (typeof interpolators)[number];

/** A finished clip and what was done to make it. */
export interface Clip {
  /** A file of the form's format. */
  bytes: Uint8Array;
  /**
   * The model's frames before smoothing and looping, as an MP4 of hardly visible loss; where it was asked for. Of variations
   * how far each has come, see `worker/variation-states.ts`.
   */
  master?: Uint8Array;
  form: FileForm;
  /** Frames of the file. */
  frames: number;
  /** Frames per second of the file. */
  fps: number;
  /** Pixels of the file: the settings' size times `upscaleFactor`, in the picture's ratio where the shape is its own, unless it was reduced. */
  width: number;
  /** Pixels of the file, as the width. */
  height: number;
  /** Whole factor by which the frames were enlarged: a small model's, so that its clip is worth looking at, and where it was asked for; 1 where they were not. */
  upscaleFactor: number;
  /** What was rendered; its width and height are the model's, before enlarging. */
  settings: ImageToVideoSettings;
  fit: FitName;
  model: string;
  provider: Exclude<ProviderName, 'auto'>;
  secondsPerStage: Record<RenderStage, number>;
  /** What had to give way so that the clip fits `maxBytes`; undefined where nothing did. */
  reduced?: { width: number; height: number; crf?: number; colours?: number; quality?: number };
  /** The format that gave way to MP4, since it did not fit `maxBytes`; left out where none did. */
  replacedFormat?: Exclude<ClipFormat, 'mp4'>;
  /** What computed frames in between; left out where there are none. */
  interpolator?: Interpolator;
  /** It goes on from another clip, whose frames it begins with: no settings alone make it. */
  extended?: true;
  /** It ends with a picture that was given besides: the settings alone do not make it. */
  hasEndPicture?: true;
  /** Of variations, the numbers of those that may not be shown, counted from 1; left out: none. */
  refusedVariations?: readonly number[];
}

/** A clip made before, to go on with. */
export interface BaseClip {
  /** Its frames: {@link Clip.master}. */
  master: Uint8Array;
  /** `extend`: goes on from its last frame; `reencode`: the same frames in another form, without rendering. */
  use: 'extend' | 'reencode';
  metadata: Pick<Clip, 'settings' | 'model' | 'provider' | 'extended' | 'hasEndPicture'>;
}
