import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JobCancelledError } from '../../src/errors.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import { finishClip } from '../../src/media/finish-clip.ts';
import { makeClip } from '../../src/worker/make-clip.ts';
import type { RenderTools } from '../../src/worker/render-tools.ts';
import type { RenderSpec } from '../../src/worker/types.ts';
import { fakeFfmpeg } from '../media/fake-ffmpeg.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { fakeTools, scripted } from './fixtures/fake-tools.ts';

const spec: RenderSpec = { picture: scripted({}), settings: { seed: 5 }, fit: 'pad', keepMaster: true };
const realPath = await findFfmpeg({});
const killed = 'head -c 1000 >/dev/null; kill -KILL $$';

/** Fake frames, and an ffmpeg that runs `script` in its place while the file "$well" is missing. */
async function toolsWith(script: string): Promise<{ tools: RenderTools & { calls: string[] }; folder: string }> {
  const folder = tempFolder();
  const ffmpegPath = await fakeFfmpeg(join(folder, 'ffmpeg'), {
    script: `well='${folder}/well'\n[ -e "$well" ] && exec '${realPath}' "$@"\ntouch '${folder}/ran'\n${script}`,
    realPath,
  });
  return { tools: { ...fakeTools(), ffmpegPath, finishClip }, folder };
}

describe('frames that an encoder did not take', () => {
  it('are encoded once more where ffmpeg was killed, without being rendered again', async () => {
    const { tools } = await toolsWith(`touch "$well"; ${killed}`);
    const logged: string[] = [];
    const progress: string[] = [];
    const clip = await makeClip(tools, spec, {
      log: (message) => logged.push(message),
      onProgress: ({ stage, step }) => progress.push(`${stage} ${step}`),
    });
    expect(clip.bytes.byteLength).toBeGreaterThan(500);
    expect(clip.master?.byteLength).toBeGreaterThan(500);
    expect(logged).toEqual([expect.stringMatching(/once more: ffmpeg was killed with signal SIGKILL/)]);
    expect(progress.filter((step) => step.startsWith('denoise'))).toHaveLength(4);
    // Said anew: whoever watches sees that something goes on.
    expect(progress.slice(-3)).toEqual(['encode-video 0', 'encode-video 0', 'encode-video 1']);
  });

  it("are the machine's trouble where ffmpeg is killed twice", async () => {
    const { tools } = await toolsWith(killed);
    const error: unknown = await makeClip(tools, spec).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'EncodeError', code: 'encode-failed', scope: 'host' });
    expect(error).toMatchObject({ cause: { message: 'ffmpeg was killed with signal SIGKILL' } });
  });

  it('are not encoded again where there is no ffmpeg any more, a limit that nothing can meet, or no time left', async () => {
    const gone = { ...fakeTools(), ffmpegPath: join(tempFolder(), 'ffmpeg'), finishClip };
    const logged: string[] = [];
    const options = { log: (message: string) => logged.push(message) };
    await expect(makeClip(gone, spec, options)).rejects.toMatchObject({ code: 'encode-failed', scope: 'host' });
    const tools = { ...fakeTools(), ffmpegPath: realPath, finishClip };
    const tooSmall = { ...spec, maxBytes: 10 };
    await expect(makeClip(tools, tooSmall, options)).rejects.toMatchObject({ code: 'encode-too-large', scope: 'job' });
    const finishSlowly: typeof finishClip = (clip, given) => finishClip(clip, { ...given, timeoutMs: 200 });
    const { tools: slow } = await toolsWith('exec sleep 600');
    const late = makeClip({ ...slow, finishClip: finishSlowly }, spec, options);
    await expect(late).rejects.toMatchObject({ code: 'encode-timeout', scope: undefined });
    expect(logged).toEqual([]);
  });

  it('are left alone where the job was cancelled', async () => {
    const stop = new AbortController();
    const { tools, folder } = await toolsWith('exec sleep 600');
    const done = makeClip(tools, spec, { signal: stop.signal });
    const rejected = expect(done).rejects.toThrow(JobCancelledError);
    while (!existsSync(join(folder, 'ran'))) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await rejected;
  });
});
