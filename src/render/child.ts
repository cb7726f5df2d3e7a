import { openImageToVideo } from '../inference/pipeline/image-to-video.ts';
import { encodeVideo } from '../media/encode.ts';
import { findFfmpeg } from '../media/ffmpeg-path.ts';
import { intake } from '../media/intake.ts';
import { writeFrames } from '../media/write-frames.ts';
import { serveParent } from './serve-parent.ts';

// The file that the renderer forks: everything that decodes pictures, runs networks or starts ffmpeg happens here.

serveParent(async ({ modelDir, execution, ffmpegPath, searchPath }, log) => ({
  ffmpegPath: await findFfmpeg({ configured: ffmpegPath, path: searchPath }),
  pipeline: await openImageToVideo({ modelDir, log, ...execution }),
  intake,
  encodeVideo,
  writeFrames,
}));
