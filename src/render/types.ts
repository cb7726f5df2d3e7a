import type { ImageToVideoSettings, PipelineStage, ProviderName } from '../inference/pipeline/types.ts';

/** How a picture is brought to the model's shape. */
export const fitNames = ['crop', 'pad', 'stretch'] as const;
export type FitName = (typeof fitNames)[number];

/** One clip to make. Settings left out take the model's defaults; a seed left out is drawn. */
export interface RenderSpec {
  /** The picture's file as received (JPEG, PNG, WebP, GIF); decoded only in the render child. */
  picture: Uint8Array;
  settings: Partial<ImageToVideoSettings>;
  fit: FitName;
  /** The encoded clip must not be larger; undefined: no limit. */
  maxBytes?: number;
  /** A folder that receives the frames before encoding as frame-0000.png … */
  framesDir?: string;
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
  /** An MP4 file. */
  bytes: Uint8Array;
  /** Pixels of the file: the settings' size times `enlarged`, unless it was reduced. */
  width: number;
  /** Pixels of the file: the settings' size times `enlarged`, unless it was reduced. */
  height: number;
  /** Whole factor by which the frames were enlarged (Lanczos) before encoding, so that a small model's clip is worth looking at; 1 where they were not. */
  enlarged: number;
  /** What was rendered; its width and height are the model's, before enlarging. */
  settings: ImageToVideoSettings;
  fit: FitName;
  model: string;
  provider: Exclude<ProviderName, 'auto'>;
  secondsPerStage: Record<RenderStage, number>;
  /** What had to give way so that the clip fits `maxBytes`; undefined where nothing did. */
  reduced?: { crf: number; width: number; height: number };
}

export interface RenderOptions {
  signal?: AbortSignal;
  onProgress?: (progress: RenderProgress) => void;
}

/** Makes clips, one at a time, away from the caller's event loop. */
export interface Renderer {
  /**
   * @throws UserError the picture or the settings are at fault
   * @throws JobCancelledError the signal was aborted
   * @throws InferenceError the render process broke
   */
  render(spec: RenderSpec, options?: RenderOptions): Promise<Clip>;
  /** Ends the render process; a running job rejects with JobCancelledError. */
  close(): Promise<void>;
}
