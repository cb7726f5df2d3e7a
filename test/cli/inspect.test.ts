import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import { finishClip } from '../../src/media/finish-clip.ts';
import { panningClip } from '../media/clips.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { tempFolder } from '../support/temp-folder.ts';

const settings = {
  model: 'tiny',
  seed: 7,
  motionBucketId: 200,
  numFrames: 4,
  numInferenceSteps: 3,
  fps: 7,
  shape: 'auto',
  fit: 'crop',
  loop: 'none',
  smooth: false,
  sampler: 'euler',
};

async function inspect(...argv: string[]) {
  const io = createMemoryIo();
  return { exitCode: await runCli(['inspect', ...argv], io), out: io.out(), err: io.err() };
}

describe('kinora inspect', () => {
  it.each(['mp4', 'gif', 'webp'] as const)(
    'reads the settings of an %s and says how to make it again',
    async (format) => {
      const ffmpegPath = await findFfmpeg({});
      const metadata = { title: 'Kinora', settings: { ...settings, format } };
      const options = { ffmpegPath, format, loop: 'none', fps: 7, metadata } as const;
      const { bytes } = await finishClip(panningClip(64, 64, { count: 3 }), options);
      const path = join(tempFolder(), `clip.${format}`);
      writeFileSync(path, bytes);

      const { exitCode, out } = await inspect(path);
      expect(exitCode).toBe(0);
      expect(out).toMatch(/^ {2}motionBucketId +200$/m);
      expect(out).toContain(
        'kinora animate picture.png --motion 200 --seed 7 --steps 3 --fps 7 --frames 4 --sampler euler ' +
          `--shape auto --fit crop --loop none --format ${format}\n`,
      );
      expect(out).toContain(
        `/animate motion:200 seed:7 steps:3 fps:7 length:4 shape:auto fit:crop loop:none smooth:False format:${format}`,
      );
      expect(JSON.parse((await inspect(path, '--json')).out)).toEqual({ ...settings, format });
    },
  );

  it('says what is wrong in one line', async () => {
    const path = join(tempFolder(), 'clip.mp4');
    expect((await inspect(path)).err).toMatch(
      /^kinora: .*clip\.mp4 cannot be read: there is no file .*clip\.mp4; check/,
    );
    writeFileSync(path, 'not a clip');
    expect(await inspect(path)).toMatchObject({ exitCode: 1, err: expect.stringContaining("no clip of Kinora's") });
    expect(await inspect()).toMatchObject({ exitCode: 2 });
    expect((await inspect('--help')).out).toContain('Usage: kinora inspect');
  });
});
