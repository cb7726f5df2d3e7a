import { constants } from 'node:fs';
import { access, chmod } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { runFfmpeg } from './run-ffmpeg.ts';

interface FindFfmpegOptions {
  /** FFMPEG_PATH; empty counts as not given. */
  configured?: string | undefined;
  /** PATH: folders to search. */
  path?: string | undefined;
  /** The packaged program; @ffmpeg-installer's unless given. */
  packaged?: string;
}

/**
 * Finds an ffmpeg that can really write H.264: the configured one (and no other), else the first on PATH, else the
 * packaged one. Each candidate proves itself on one small frame, since some distributions' ffmpeg has no libx264.
 * @returns the program's path
 * @throws ConfigError FFMPEG_PATH is given and does not work, or there is no working ffmpeg at all
 */
export async function findFfmpeg({ configured, path, packaged }: FindFfmpegOptions): Promise<string> {
  if (configured) {
    try {
      await proveFfmpeg(configured);
      return configured;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ConfigError(
        'ffmpeg-path',
        `FFMPEG_PATH is ${JSON.stringify(configured)}, which does not work as ffmpeg with libx264 (${reason.replace(/\.$/, '')}). Give the path of one, such as /usr/bin/ffmpeg, or leave it empty for the packaged one.`,
        { cause },
      );
    }
  }
  const failures: unknown[] = [];
  for (const candidate of [() => findOnPath(path), () => findPackaged(packaged)]) {
    try {
      const found = await candidate();
      if (found !== undefined) {
        await proveFfmpeg(found);
        return found;
      }
    } catch (error) {
      failures.push(error);
    }
  }
  throw new ConfigError(
    'ffmpeg-missing',
    'No ffmpeg with libx264 was found, on PATH or packaged. Install ffmpeg, or set FFMPEG_PATH to one, such as /usr/bin/ffmpeg.',
    { cause: new AggregateError(failures) },
  );
}

async function findOnPath(path = ''): Promise<string | undefined> {
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  for (const folder of path.split(delimiter).filter((entry) => entry !== '')) {
    const file = join(folder, name);
    if (await isRunnable(file)) {
      return file;
    }
  }
  return undefined;
}

/** The packaged binary. Install scripts that mark it as runnable do not run with ignore-scripts. */
async function findPackaged(given: string | undefined): Promise<string> {
  // Imported late: on a platform without a binary the package throws while it loads.
  const packaged = given ?? (await import('@ffmpeg-installer/ffmpeg')).default.path;
  if (!(await isRunnable(packaged))) {
    await chmod(packaged, 0o755);
  }
  return packaged;
}

async function isRunnable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Encodes one grey frame to nowhere. */
async function proveFfmpeg(ffmpegPath: string): Promise<void> {
  await runFfmpeg({
    ffmpegPath,
    clip: { width: 16, height: 16, frames: [new Uint8Array(16 * 16 * 3).fill(128)] },
    fps: 1,
    filters: ['format=yuv420p'],
    outputArguments: ['-c:v', 'libx264', '-f', 'null'],
    output: '-',
    timeoutMs: 20_000,
  });
}
