import type { BaseClip, Clip, RenderStage } from '../settings/clip.ts';
import type { ClipForm, FitName } from '../settings/clip-form.ts';
import type { ImageToVideoSettings } from '../settings/image-to-video.ts';

export type { BaseClip, Clip, ClipForm, RenderStage };

/** One clip to make. Settings left out take the model's defaults; a seed left out is drawn. */
export interface RenderSpec {
  /** The picture's file as received (JPEG, PNG, WebP, GIF, AVIF); decoded only in the render child. */
  picture: Uint8Array;
  /** The picture's file that the clip ends with; a form that loops seamlessly takes `picture` itself. Twice the work. */
  endPicture?: Uint8Array;
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

/** News of a running render. `step` counts finished steps of the stage. */
export interface RenderProgress {
  stage: RenderStage;
  step: number;
  steps: number;
  secondsPerStep: number | undefined;
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
  /** Takes an animated WebP of all frames as the model guesses them on the way, smaller than 150 KB. */
  onPreview?: (bytes: Uint8Array) => void;
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
