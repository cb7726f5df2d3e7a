import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { askNvidiaSmi, cardBytesOf } from '../hub/cuda/nvidia-smi.ts';
import { applyStyle } from '../inference/pipeline/apply-style.ts';
import { openImageToVideo } from '../inference/pipeline/image-to-video.ts';
import { type FrameInterpolator, openInterpolator } from '../inference/pipeline/interpolate-frames.ts';
import { openSafetyCheck } from '../inference/pipeline/open-safety-check.ts';
import { listStyles } from '../inference/pipeline/styles.ts';
import { upscaleFrames } from '../inference/pipeline/upscale-frames.ts';
import { limitsOf } from '../media/check-file.ts';
import { contactSheet } from '../media/contact-sheet.ts';
import { pictureForClip } from '../media/decode-picture.ts';
import { decodeVideo } from '../media/decode-video.ts';
import { findFfmpeg } from '../media/ffmpeg-path.ts';
import { finishClip } from '../media/finish-clip.ts';
import { readPictureInfo } from '../media/open-picture.ts';
import { writeFrames } from '../media/write-frames.ts';
import { findStyle } from '../settings/style.ts';
import type { WorkerConfig } from './messages.ts';
import { workerMain } from './worker-main.ts';

// The file that the renderer forks: everything that decodes pictures, runs networks or starts ffmpeg happens here.

/** Where a package has RIFE's weights; a folder without them is whole as well. */
const rifeDir = fileURLToPath(new URL('../../models/rife', import.meta.url));

/** RIFE, where its weights are there and whole; what is wrong with them is the operator's to know, and no clip's to fail of. */
async function findInterpolator(
  { provider, threads }: WorkerConfig['execution'],
  log: (message: string) => void,
): Promise<{ interpolator?: FrameInterpolator }> {
  try {
    await access(rifeDir);
  } catch {
    return {};
  }
  try {
    return { interpolator: await openInterpolator(rifeDir, { provider, threads }) };
  } catch (error) {
    log(`RIFE cannot be used: ${error instanceof Error ? error.message : error}`);
    return {};
  }
}

/** Where a package has the networks that enlarge. */
const upscalersDir = fileURLToPath(new URL('../../models/upscale', import.meta.url));

workerMain(async (config, log) => {
  const { modelDir, loras, execution, ffmpegPath, searchPath, visibleCards, safety, styleDir, pictures } = config;
  const ffmpeg = await findFfmpeg({ configured: ffmpegPath, path: searchPath });
  const cardBytes = async () => cardBytesOf(await askNvidiaSmi(), visibleCards);
  const pipeline = await openImageToVideo({ modelDir, loras, log, cardBytes, ...execution });
  const session = { provider: pipeline.provider, threads: execution.threads };
  return {
    ffmpegPath: ffmpeg,
    pipeline,
    ...(safety && { safety: { ...safety, check: await openSafetyCheck(safety.modelDir) } }),
    ...(await findInterpolator(execution, log)),
    // Read anew for each clip: the operator may exchange files, and names with other hashes are not those that were meant.
    applyStyle: async (picture, { style, ...options }) => {
      const { styles } = await listStyles(styleDir);
      return applyStyle(picture, { ...options, style: findStyle(styles, style), threads: execution.threads });
    },
    readPictureInfo: (bytes) => readPictureInfo(bytes, limitsOf(pictures)),
    pictureForClip: (bytes, clip) => pictureForClip(bytes, clip, limitsOf(pictures)),
    upscaleFrames: (clip, options) => upscaleFrames(clip, { ...options, folder: upscalersDir, session }),
    finishClip,
    decodeVideo,
    contactSheet,
    writeFrames,
  };
});
