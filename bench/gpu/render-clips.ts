import { decodeVideo } from '../../src/media/decode-video.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import type { RenderStage } from '../../src/settings/clip.ts';
import type { ExecutionOptions } from '../../src/settings/execution.ts';
import type { ImageToVideoSettings } from '../../src/settings/image-to-video.ts';
import { createWorkerPool } from '../../src/worker/worker-pool.ts';
import { type FramesLook, lookAtFrames } from './look-at-frames.ts';
import { watchCard } from './watch-card.ts';

/** The clips that are made one after another by one render process. */
interface ClipsTask {
  modelDir: string;
  execution: ExecutionOptions;
  settings: Partial<ImageToVideoSettings>;
  /** The picture's file. */
  picture: Uint8Array;
  times: number;
  /** Where the last one's frames go as PNG files. */
  framesDir?: string;
}

/** One of them. */
interface ClipRun {
  /** From the asking until its file was there; of the first one with the start of its process. */
  seconds: number;
  /** From the asking until the first step was done. */
  firstStepSeconds: number;
  perStage: Record<RenderStage, number>;
  provider: string;
  frames: FramesLook;
  bytes: number;
}

/** All of them. */
export interface ClipRuns {
  clips: ClipRun[];
  /** Of the card's memory, at its peak. */
  cardBytes?: number | undefined;
  /** What the render process had to say. */
  log: string[];
  /** The last one's file. */
  file: Uint8Array;
}

/** Makes clips; {@link renderInPool} does it as the bot does. */
export type RenderClips = (task: ClipsTask) => Promise<ClipRuns>;

/** Makes clips as the bot does: in a render process, from a picture's bytes to an MP4. */
export function renderInPool(
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): RenderClips {
  return async ({ modelDir, execution, settings, picture, times, framesDir }) => {
    const ffmpegPath = await findFfmpeg({ path: environment.PATH });
    const card = await watchCard(environment);
    const log: string[] = [];
    const note = (_: object, message: string) => void log.push(message);
    const pool = createWorkerPool({
      modelDir,
      loras: undefined,
      execution,
      ffmpegPath,
      idleSeconds: 600,
      environment,
      log: { debug() {}, info: note, warn: note, error: note },
      checkpointSeconds: 0,
      pictures: { from: 'operator', maxPixels: 100_000_000 },
    });
    const clips: ClipRun[] = [];
    let file = new Uint8Array();
    let cardBytes: number | undefined;
    try {
      for (let at = 0; at < times; at++) {
        const isLast = at === times - 1;
        const startedMs = performance.now();
        const since = () => (performance.now() - startedMs) / 1000;
        let firstStepSeconds: number | undefined;
        const clip = await pool.render(
          { picture, settings, fit: 'crop', ...(isLast && framesDir !== undefined && { framesDir }) },
          {
            signal,
            onProgress({ stage, step }) {
              if (stage === 'denoise' && step > 0) firstStepSeconds ??= since();
            },
          },
        );
        const seconds = since();
        const { width, height } = clip.settings;
        const { frames } = await decodeVideo(clip.bytes, { width, height, ffmpegPath, signal });
        clips.push({
          seconds,
          firstStepSeconds: firstStepSeconds ?? Number.NaN,
          perStage: clip.secondsPerStage,
          provider: clip.provider,
          frames: lookAtFrames(frames),
          bytes: clip.bytes.length,
        });
        file = Uint8Array.from(clip.bytes);
      }
    } finally {
      cardBytes = card.stop();
      await pool.close();
    }
    return { clips, cardBytes, log, file };
  };
}
