import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import installer from '@ffprobe-installer/ffprobe';

const run = promisify(execFile);

/** The first video stream, as `ffprobe -show_streams -count_frames` names its fields. */
interface ProbedStream {
  codec_name: string;
  profile: string;
  pix_fmt: string;
  width: number;
  height: number;
  sample_aspect_ratio?: string;
  /** A fraction, e.g. "7/1". */
  avg_frame_rate: string;
  /** Seconds, as text. */
  duration: string;
  /** Decoded frames, as text. */
  nb_read_frames: string;
  color_range?: string;
  color_space?: string;
  color_transfer?: string;
  color_primaries?: string;
}

/** What ffprobe says of a file. */
export interface Probed {
  stream: ProbedStream;
  streamCount: number;
  tags: Record<string, string>;
  formatName: string;
}

/** Reads a media file with ffprobe, decoding every frame. Fails on any complaint of the decoder. */
export async function ffprobe(bytes: Uint8Array): Promise<Probed> {
  const folder = await mkdtemp(join(tmpdir(), 'kinora-probe-'));
  try {
    const file = join(folder, 'file');
    await writeFile(file, bytes);
    const { stdout, stderr } = await run(await ffprobePath(), [
      ...['-v', 'warning', '-count_frames', '-show_streams', '-show_format', '-of', 'json', file],
    ]);
    if (stderr !== '') {
      throw new Error(`ffprobe complains: ${stderr}`);
    }
    const { streams, format } = JSON.parse(stdout) as {
      streams: ProbedStream[];
      format: { format_name: string; tags?: Record<string, string> };
    };
    const [stream] = streams;
    if (stream === undefined) {
      throw new Error('the file has no stream');
    }
    return { stream, streamCount: streams.length, tags: format.tags ?? {}, formatName: format.format_name };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The packaged program; its package does not mark it as runnable. */
async function ffprobePath(): Promise<string> {
  await access(installer.path, constants.X_OK).catch(() => chmod(installer.path, 0o755));
  return installer.path;
}
