import { fileURLToPath } from 'node:url';
import { openImageToVideo } from '../inference/pipeline/image-to-video.ts';
import { openSafetyCheck } from '../inference/pipeline/open-safety-check.ts';
import { upscaleFrames } from '../inference/pipeline/upscale-frames.ts';
import { limitsOf } from '../media/check-file.ts';
import { pictureForClip } from '../media/decode-picture.ts';
import { decodeVideo } from '../media/decode-video.ts';
import { findFfmpeg } from '../media/ffmpeg-path.ts';
import { finishClip } from '../media/finish-clip.ts';
import { readPictureInfo } from '../media/open-picture.ts';
import { writeFrames } from '../media/write-frames.ts';
import { workerMain } from './worker-main.ts';

// The file that the renderer forks: everything that decodes pictures, runs networks or starts ffmpeg happens here.

/** Beside the sources as beside the built package. */
const upscalersFolder = fileURLToPath(new URL('../../models/upscale', import.meta.url));

workerMain(async ({ modelDir, loras, execution, ffmpegPath, searchPath, safety, pictures }, log) => {
  const ffmpeg = await findFfmpeg({ configured: ffmpegPath, path: searchPath });
  const pipeline = await openImageToVideo({ modelDir, loras, log, ...execution });
  const session = { provider: pipeline.provider, threads: execution.threads };
  return {
    ffmpegPath: ffmpeg,
    pipeline,
    ...(safety && { safety: { check: await openSafetyCheck(safety.modelDir), threshold: safety.threshold } }),
    readPictureInfo: (bytes) => readPictureInfo(bytes, limitsOf(pictures)),
    pictureForClip: (bytes, clip) => pictureForClip(bytes, clip, limitsOf(pictures)),
    upscaleFrames: (clip, options) => upscaleFrames(clip, { ...options, folder: upscalersFolder, session }),
    finishClip,
    decodeVideo,
    writeFrames,
  };
});
