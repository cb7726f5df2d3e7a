import { constants } from 'node:fs';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import ffmpeg from 'fluent-ffmpeg';
import { EncodeError } from '../errors.ts';
import { cancelledBy, throwIfCancelled } from '../util/cancellation.ts';
import type { RgbFrames } from '../util/rgb.ts';

/** What every run of ffmpeg needs to know of its surroundings. */
export interface FfmpegOptions {
  /** The program, as `findFfmpeg` gives it. One program a process: fluent-ffmpeg keeps the path globally. */
  ffmpegPath: string;
  /** Ends ffmpeg at once. */
  signal?: AbortSignal;
  /** Longest time one run may take. */
  timeoutMs?: number;
}

/** Raw frames, or an MP4 of Kinora's own. */
type FfmpegInput = { clip: RgbFrames; fps: number } | { file: string };

type FfmpegRun = FfmpegOptions & FfmpegInput & FfmpegWork;

interface FfmpegWork {
  /** The filter chain, in order. */
  filters: readonly string[];
  /** Arguments before the output, one element each; nothing is split or quoted. */
  outputArguments: readonly string[];
  /** A path, or a stream that receives ffmpeg's standard output and must not emit `close`. */
  output: string | Writable;
}

const defaultTimeoutMs = 10 * 60_000;

/** How long a killed ffmpeg is waited for; longer only if the kernel holds it. */
const killGraceMs = 2000;

/** Lines of ffmpeg's complaint that are worth keeping. */
const stderrLines = 8;

/**
 * Runs ffmpeg once over a clip: raw rgb24 frames go in by a pipe, as fast as ffmpeg takes them, or a file is read.
 * When it settles, ffmpeg has ended.
 * @throws EncodeError `encode-failed` with ffmpeg's last lines, of scope `host` where there is no ffmpeg or no space;
 *   `encode-timeout`
 * @throws JobCancelledError the signal was aborted
 */
export async function runFfmpeg(run: FfmpegRun): Promise<void> {
  const { signal, timeoutMs = defaultTimeoutMs } = run;
  throwIfCancelled(signal);
  if ('clip' in run) checkClip(run.clip, run.fps);
  // Absolute, so that what is checked is what is started: without a slash the system would search PATH.
  const ffmpegPath = resolvePath(run.ffmpegPath);
  await checkProgram(ffmpegPath);

  const source = 'clip' in run ? Readable.from(chunks(run.clip.frames), { objectMode: false }) : undefined;
  const command = ffmpeg('clip' in run ? source : run.file)
    .setFfmpegPath(ffmpegPath)
    .inputOptions('-hide_banner', '-loglevel', 'error', ...inputArguments(run))
    .videoFilters([...run.filters])
    // `-an` stands here because fluent-ffmpeg splits a lone argument at its space.
    .outputOptions('-an', ...run.outputArguments)
    .output(run.output);

  let graceTimer: NodeJS.Timeout | undefined;
  let stop: ((reason: Error) => void) | undefined;
  const timer = setTimeout(() => {
    stop?.(new EncodeError('encode-timeout', `ffmpeg did not finish within ${timeoutMs / 1000} s.`));
  }, timeoutMs);
  const onAbort = (): void => signal && stop?.(cancelledBy(signal));
  signal?.addEventListener('abort', onAbort);
  try {
    await new Promise<void>((resolve, reject) => {
      let hasStarted = false;
      let stopReason: Error | undefined;
      stop = (reason) => {
        stopReason ??= reason;
        source?.destroy();
        if (!hasStarted) {
          // fluent-ffmpeg is still asking ffmpeg what it can do; the listener below ends what it starts later.
          reject(stopReason);
          return;
        }
        command.kill('SIGKILL');
        graceTimer ??= setTimeout(() => reject(stopReason), killGraceMs);
      };
      command.on('start', () => {
        hasStarted = true;
        if (stopReason !== undefined) {
          command.kill('SIGKILL');
        }
      });
      command.on('end', () => (stopReason === undefined ? resolve() : reject(stopReason)));
      command.on('error', (error: Error, _stdout: unknown, stderr: unknown) =>
        reject(stopReason ?? describeFailure(error, stderr)),
      );
      command.run();
    });
  } finally {
    clearTimeout(timer);
    clearTimeout(graceTimer);
    signal?.removeEventListener('abort', onAbort);
    source?.destroy();
  }
}

function inputArguments(input: FfmpegInput): string[] {
  // The format is named, so that ffmpeg does not guess from what is inside.
  if ('file' in input) return ['-f', 'mp4'];
  const { clip, fps } = input;
  return ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${clip.width}x${clip.height}`, '-framerate', `${fps}`];
}

/** Views of the frames, not copies. */
function* chunks(frames: readonly Uint8Array[]): Generator<Buffer> {
  for (const frame of frames) {
    yield Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  }
}

/**
 * ffmpeg would read frames of a wrong size as a rolling picture, without a complaint.
 * @throws EncodeError `encode-bad-frames`
 */
export function checkClip({ width, height, frames }: RgbFrames, fps: number): void {
  const wrong = frames.findIndex((frame) => frame.length !== width * height * 3);
  if (frames.length === 0 || wrong >= 0) {
    const what = frames.length === 0 ? 'no frames' : `frame ${wrong} with ${frames[wrong]?.length} bytes`;
    throw new EncodeError('encode-bad-frames', `A clip of ${width}×${height} pixels was given ${what}.`);
  }
  if (!(fps > 0 && fps <= 240)) {
    throw new EncodeError('encode-bad-frames', `A clip cannot have ${fps} frames per second.`);
  }
}

/** fluent-ffmpeg 2.1.3 reads the output of a process that never was, outside any promise, if the program is gone. */
async function checkProgram(ffmpegPath: string): Promise<void> {
  try {
    await access(ffmpegPath, constants.X_OK);
  } catch (cause) {
    throw new EncodeError('encode-failed', `ffmpeg cannot be run at ${ffmpegPath}.`, { cause, scope: 'host' });
  }
}

/** The C library's words for a disk or a memory that has no more to give. */
const hostTrouble =
  /No space left on device|Disk quota exceeded|Read-only file system|Input\/output error|Cannot allocate memory/;

function describeFailure(error: Error, stderr: unknown): EncodeError {
  const lines = typeof stderr === 'string' ? stderr.trim().split('\n').slice(-stderrLines) : [];
  // fluent-ffmpeg appends what it takes for the reason; the last lines themselves say more.
  const summary = error.message.split(': ', 1)[0] ?? error.message;
  const message = lines.join('\n').length > 0 ? `${summary}:\n${lines.join('\n')}` : error.message;
  return new EncodeError('encode-failed', message, {
    cause: error,
    ...(hostTrouble.test(message) && { scope: 'host' }),
  });
}

/**
 * Lends a private folder to `use` and removes it with all that is in it, whatever happens.
 * `parent` is the system's folder for such things unless given.
 * @throws EncodeError `temp-folder`, scope `host`: it cannot be made
 */
export async function withTempFolder<T>(use: (folder: string) => Promise<T>, parent = tmpdir()): Promise<T> {
  const folder = await mkdtemp(join(parent, 'kinora-')).catch((cause: unknown) => {
    throw new EncodeError('temp-folder', `No temporary folder can be made in ${parent}.`, { cause, scope: 'host' });
  });
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Cuts a byte stream into frames; those past `count` are dropped, as is what is left of one at the end. */
export function collectFrames(
  frames: Uint8Array[],
  { frameBytes, count }: { frameBytes: number; count: number },
): Writable {
  let frame = new Uint8Array(frameBytes);
  let filled = 0;
  return new Writable({
    // fluent-ffmpeg takes `close` for a fault if ffmpeg needs more than 20 ms to end after it.
    emitClose: false,
    write(chunk: Buffer, _encoding, done) {
      for (let position = 0; position < chunk.length && frames.length < count; ) {
        const part = chunk.subarray(position, position + frameBytes - filled);
        frame.set(part, filled);
        filled += part.length;
        position += part.length;
        if (filled === frameBytes) {
          frames.push(frame);
          frame = new Uint8Array(frameBytes);
          filled = 0;
        }
      }
      done();
    },
  });
}

/**
 * The names of the video encoders that an ffmpeg has, e.g. `libx264`.
 * @param ffmpegPath a program that works, as `findFfmpeg` gives it
 * @throws EncodeError it does not tell
 */
export async function listEncoders(ffmpegPath: string): Promise<string[]> {
  const command = ffmpeg().setFfmpegPath(ffmpegPath);
  try {
    const encoders = await promisify(command.getAvailableEncoders.bind(command))();
    return Object.entries(encoders).flatMap(([name, { type }]) => (type === 'video' ? [name] : []));
  } catch (cause) {
    throw new EncodeError('encoders-unknown', `${ffmpegPath} does not tell its encoders.`, { cause });
  }
}
