import type { Config } from '../../config/config.ts';
import { findFfmpeg } from '../../media/ffmpeg-path.ts';
import { listEncoders } from '../../media/run-ffmpeg.ts';
import { type Finding, finding } from './finding.ts';

/** Encoders that Kinora writes with; WebP needs none of ffmpeg's. */
const needed = ['libx264', 'gif'] as const;

/** Whether there is an ffmpeg that writes the clips; a frame is encoded to prove it. */
export function checkFfmpeg(
  { ffmpegPath }: Pick<Config, 'ffmpegPath'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Finding> {
  return finding('ffmpeg', async () => {
    const path = await findFfmpeg({ configured: ffmpegPath, path: environment.PATH ?? environment.Path });
    const encoders = await listEncoders(path);
    const missing = needed.filter((name) => !encoders.includes(name));
    const facts = { path, encoders: needed.filter((name) => encoders.includes(name)), missing };
    if (missing.length === 0) return { verdict: 'ok', text: `${path}, with ${needed.join(' and ')}`, facts };
    return { verdict: 'note', text: `${path} lacks ${missing.join(', ')}: clips in that form will fail`, facts };
  });
}
