import type { ImageToVideoSettings, PipelineStage, ProviderName } from '../inference/pipeline/types.ts';
import type { ClipForm, FitName } from '../settings/clip-form.ts';

export type { ClipForm, FitName };

/** A clip made before, to go on with. */
export interface BaseClip {
  /** Its frames: {@link Clip.master}. */
  master: Uint8Array;
  /** `extend`: goes on from its last frame; `reencode`: the same frames in another form, without rendering. */
  use: 'extend' | 'reencode';
  metadata: Pick<Clip, 'settings' | 'model' | 'provider'>;
}

/** One clip to make. Settings left out take the model's defaults; a seed left out is drawn. */
export interface RenderSpec {
  /** The picture's file as received (JPEG, PNG, WebP, GIF, AVIF); decoded only in the render child. */
  picture: Uint8Array;
  settings: Partial<ImageToVideoSettings>;
  fit: FitName;
  /** What is left out: an MP4 that does not loop, at the model's frame rate and the settings' size. */
  form?: Partial<ClipForm>;
  base?: BaseClip;
  /** Keeps the frames as {@link Clip.master}. Default false. */
  keepMaster?: boolean;
  /** The encoded clip must not be larger; undefined: no limit. */
  maxBytes?: number;
  /** A folder that receives the frames before encoding as frame-0000.png … */
  framesDir?: string;
  /**
   * A state that an earlier render of this spec handed to `onCheckpoint`: goes on from there, and draws the seed that was
   * drawn then. One that does not fit is passed over.
   */
  checkpoint?: Uint8Array;
}

export type RenderStage = PipelineStage | 'encode-video';

/** News of a running render. `step` counts finished steps of the stage. */
export interface RenderProgress {
  stage: RenderStage;
  step: number;
  steps: number;
  secondsPerStep: number | undefined;
}

/** A finished clip and what was done to make it. */
export interface Clip {
  /** A file of the form's format. */
  bytes: Uint8Array;
  /** The model's frames before smoothing and looping, as an MP4 of hardly visible loss; where it was asked for. */
  master?: Uint8Array;
  form: ClipForm;
  /** Frames of the file. */
  frames: number;
  /** Frames per second of the file. */
  fps: number;
  /** Pixels of the file: the settings' size times `upscaleFactor`, in the picture's ratio where the shape is its own, unless it was reduced. */
  width: number;
  /** Pixels of the file, as the width. */
  height: number;
  /** Whole factor by which the frames were enlarged (Lanczos) before encoding, so that a small model's clip is worth looking at; 1 where they were not. */
  upscaleFactor: number;
  /** What was rendered; its width and height are the model's, before enlarging. */
  settings: ImageToVideoSettings;
  fit: FitName;
  model: string;
  provider: Exclude<ProviderName, 'auto'>;
  secondsPerStage: Record<RenderStage, number>;
  /** What had to give way so that the clip fits `maxBytes`; undefined where nothing did. */
  reduced?: { width: number; height: number; crf?: number; colours?: number; quality?: number };
}

/** How long a render of this kind is known to take, in seconds. */
export interface ExpectedSeconds {
  /** Everything before the first denoising step. */
  secondsBefore: number;
  secondsPerStep: number;
  /** Decoding and encoding. */
  secondsAfter: number;
}

/** What goes on while a clip is made. */
export interface RenderOptions {
  /** Cancels it. */
  signal?: AbortSignal;
  /** Hears of every step. */
  onProgress?: (progress: RenderProgress) => void;
  /**
   * Takes the state of the render after a step, from which another one can go on (`RenderSpec.checkpoint`): 3.8 MB for
   * SVD XT's own clip. It is not kept here.
   */
  onCheckpoint?: (bytes: Uint8Array) => void;
  /** From earlier renders of this kind: how long a step may take before it counts as hung. */
  expected?: ExpectedSeconds;
}

/** Makes clips, one at a time, away from the caller's event loop. */
export interface Renderer {
  /**
   * @throws UserError the picture or the settings are at fault
   * @throws JobCancelledError the signal was aborted
   * @throws InferenceError `render-process-died` or `render-process-stalled`: the render process broke, or hung and was
   *   killed; `render-process-start`, scope `host`: it could not be started
   * @throws AppError of scope `host`: the machine cannot make clips now (model, provider, ffmpeg, disk)
   */
  render(spec: RenderSpec, options?: RenderOptions): Promise<Clip>;
  /** Ends the render process; a running job rejects with JobCancelledError. */
  close(): Promise<void>;
}
