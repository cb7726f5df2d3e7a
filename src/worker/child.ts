import { openImageToVideo } from '../inference/pipeline/image-to-video.ts';
import { openSafetyCheck } from '../inference/pipeline/open-safety-check.ts';
import { limitsOf } from '../media/check-file.ts';
import { pictureForClip } from '../media/decode-picture.ts';
import { decodeVideo } from '../media/decode-video.ts';
import { findFfmpeg } from '../media/ffmpeg-path.ts';
import { finishClip } from '../media/finish-clip.ts';
import { readPictureInfo } from '../media/open-picture.ts';
import { writeFrames } from '../media/write-frames.ts';
import { workerMain } from './worker-main.ts';

// The file that the renderer forks: everything that decodes pictures, runs networks or starts ffmpeg happens here.

workerMain(async ({ modelDir, loras, execution, ffmpegPath, searchPath, safety, pictures }, log) => ({
  ffmpegPath: await findFfmpeg({ configured: ffmpegPath, path: searchPath }),
  pipeline: await openImageToVideo({ modelDir, loras, log, ...execution }),
  ...(safety && { safety: { check: await openSafetyCheck(safety.modelDir), threshold: safety.threshold } }),
  readPictureInfo: (bytes) => readPictureInfo(bytes, limitsOf(pictures)),
  pictureForClip: (bytes, clip) => pictureForClip(bytes, clip, limitsOf(pictures)),
  finishClip,
  decodeVideo,
  writeFrames,
}));
