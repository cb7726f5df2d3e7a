import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EncodeError, JobCancelledError } from '../../src/errors.ts';
import type { EncodeVideoOptions } from '../../src/media/encode.ts';
import { encodeVideo } from '../../src/media/encode.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import { flatClip, panningClip } from './clips.ts';
import { fakeFfmpeg } from './fake-ffmpeg.ts';

let folder: string;
let tempParent: string;
let options: EncodeVideoOptions;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinora-test-'));
  tempParent = join(folder, 'temp');
  await mkdir(tempParent);
  const metadata = { title: 'Kinora', settings: { seed: 1 } };
  options = { ffmpegPath: await findFfmpeg({}), fps: 7, metadata, tempParent };
});

afterAll(() => rm(folder, { recursive: true }));

const fake = (name: string, script: string): Promise<string> =>
  fakeFfmpeg(join(folder, name), { script, realPath: options.ffmpegPath });

async function failure(clip = panningClip(32, 32, { count: 3 }), changed: Partial<EncodeVideoOptions> = {}) {
  const error: unknown = await encodeVideo(clip, { ...options, ...changed }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(await readdir(tempParent), 'temporary files are gone').toEqual([]);
  return error;
}

/** Far more than a pipe holds, so that writing still goes on when the reader dies. */
const large = () => flatClip(640, 360, { count: 8, colour: [9, 9, 9] });

describe('ffmpeg fails', () => {
  it('gives its last words', async () => {
    const ffmpegPath = await fake('complains', 'cat >/dev/null; echo "disk on fire" >&2; exit 3');
    const error = await failure(undefined, { ffmpegPath });
    expect(error).toBeInstanceOf(EncodeError);
    expect(error).toMatchObject({ code: 'encode-failed', message: 'ffmpeg exited with code 3:\ndisk on fire' });
  });

  it('survives its death while frames are written', async () => {
    const ffmpegPath = await fake('dies', 'head -c 1000 >/dev/null; echo "gone" >&2; exit 1');
    expect(await failure(large(), { ffmpegPath })).toMatchObject({ code: 'encode-failed' });
    const killed = await fake('killed', 'head -c 1000 >/dev/null; kill -KILL $$');
    const error = await failure(large(), { ffmpegPath: killed });
    expect(error).toMatchObject({ code: 'encode-failed', message: 'ffmpeg was killed with signal SIGKILL' });
  });

  it('notices a success without a file', async () => {
    const ffmpegPath = await fake('lies', 'cat >/dev/null; exit 0');
    expect(await failure(undefined, { ffmpegPath })).toMatchObject({
      code: 'encode-failed',
      message: 'ffmpeg ended without an error and without a file.',
    });
  });

  it('ends one that hangs', async () => {
    const ffmpegPath = await fake('hangs', 'exec sleep 600');
    const error = await failure(large(), { ffmpegPath, timeoutMs: 300 });
    expect(error).toMatchObject({ code: 'encode-timeout', message: 'ffmpeg did not finish within 0.3 s.' });
  });

  it('says that the program is missing', async () => {
    for (const ffmpegPath of [join(folder, 'nothing-here'), 'package.json', 'nothing-here']) {
      expect(await failure(undefined, { ffmpegPath })).toMatchObject({
        code: 'encode-failed',
        message: `ffmpeg cannot be run at ${resolve(ffmpegPath)}.`,
      });
    }
  });
});

describe('success', () => {
  it('leaves nothing behind either', async () => {
    const video = await encodeVideo(panningClip(32, 32, { count: 2 }), options);
    expect(video.bytes.length).toBeGreaterThan(0);
    expect(await readdir(tempParent)).toEqual([]);
  });
});

describe('abort', () => {
  it('ends ffmpeg and removes its files', async () => {
    const marker = join(folder, 'running');
    const ffmpegPath = await fake(
      'waits',
      `echo $$ >'${marker}.part'; mv '${marker}.part' '${marker}'; exec sleep 600`,
    );
    const controller = new AbortController();
    const outcome = failure(large(), { ffmpegPath, signal: controller.signal });
    const pid = await readWhenThere(marker);
    controller.abort(new Error('the person left'));
    const error = await outcome;
    expect(error).toBeInstanceOf(JobCancelledError);
    expect(error).toMatchObject({ cause: new Error('the person left') });
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  it('does not start when aborted before', async () => {
    const ffmpegPath = await fake('unused', `touch '${join(folder, 'was-started')}'`);
    const error = await failure(undefined, { ffmpegPath, signal: AbortSignal.abort() });
    expect(error).toBeInstanceOf(JobCancelledError);
    expect(await readdir(folder)).not.toContain('was-started');
  });
});

describe('frames', () => {
  it.each([
    ['no frames', { width: 8, height: 8, frames: [] }, 7],
    ['a short frame', { width: 8, height: 8, frames: [new Uint8Array(192), new Uint8Array(191)] }, 7],
    ['no speed', { width: 8, height: 8, frames: [new Uint8Array(192)] }, 0],
    ['an unspeakable speed', { width: 8, height: 8, frames: [new Uint8Array(192)] }, Number.NaN],
  ])('%s is refused', async (_, clip, fps) => {
    expect(await failure(clip, { fps })).toMatchObject({ code: 'encode-bad-frames' });
  });
});

/** Waits for a file that another process writes, and reads the number in it. */
async function readWhenThere(file: string): Promise<number> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) {
      return Number(text);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
