import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readAnimateOptions } from '../../src/cli/animate-options.ts';
import { animateVariations } from '../../src/cli/animate-variations.ts';
import { isUsageError } from '../../src/cli/usage-error.ts';
import type { RenderSpec } from '../../src/worker/types.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { shownStates, stateOfNumber } from '../support/variations.ts';

/** What was asked, what became of it, and the files. */
async function animate(words: string, { typed, isTTY = false }: { typed?: string; isTTY?: boolean } = {}) {
  const folder = tempFolder();
  const io = createMemoryIo({ isTTY });
  if (typed !== undefined) io.stdin = Object.assign(Readable.from([typed]), { isTTY });
  const options = readAnimateOptions(
    `cat.png --output ${join(folder, 'cat.mp4')} --variations 3 ${words}`.trim().split(' '),
  )!;
  const asked: RenderSpec[] = [];
  await animateVariations({
    plan: options.clips[0]!,
    spec: { picture: Buffer.from('cat'), settings: { seed: 7 }, fit: 'crop', form: options.form },
    options,
    io,
    async render(spec) {
      asked.push(spec);
      const { variations } = spec.form ?? {};
      return makeClip(
        spec,
        variations === undefined ? {} : { master: shownStates(variations), bytes: Buffer.from('sheet') },
      );
    },
  });
  const file = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { asked, folder, file, out: io.out(), err: io.err() };
}

describe('kinora animate --variations', () => {
  it('--pick writes the sheet beside the clip, then the clip of that seed from where it was', async () => {
    const { asked, file, out } = await animate('--pick 2');
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatchObject({ form: { variations: 3 }, keepMaster: true });
    expect(asked[1]).toMatchObject({ settings: { seed: 8 }, checkpoint: stateOfNumber(2) });
    expect(asked[1]!.form).not.toHaveProperty('variations');
    expect(file('cat-variations.webp')).toBe('sheet');
    expect(file('cat.mp4')).toBe('clip of seed 8');
    expect(out).toMatch(
      /cat-variations\.webp: .*variations 1 \(seed 7\), 2 \(seed 8\), 3 \(seed 9\)\n.*cat\.mp4: .*seed 8/,
    );
  });

  it('several picks become several files; --preview says where the sheet goes, and --json what was done', async () => {
    const preview = join(tempFolder(), 'p.webp');
    const { file, out } = await animate(`--pick 3,1 --json --preview ${preview}`);
    expect(readFileSync(preview, 'utf8')).toBe('sheet');
    expect([file('cat-3.mp4'), file('cat-1.mp4')]).toEqual(['clip of seed 9', 'clip of seed 7']);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      {
        output: preview,
        variations: [
          { number: 1, seed: 7 },
          { number: 2, seed: 8 },
          { number: 3, seed: 9 },
        ],
      },
      { seed: 9 },
      { seed: 7 },
    ]);
    expect(lines[0]).not.toHaveProperty('master');
  });

  it('asks who watches until the answer is understood, and takes nothing for none', async () => {
    const picked = await animate('', { isTTY: true, typed: 'both\n7\n2, 1\n' });
    expect(picked.asked.slice(1).map(({ settings }) => settings.seed)).toEqual([8, 7]);
    expect(picked.err.match(/Which ones become clips\?/g)).toHaveLength(3);
    const none = await animate('', { isTTY: true, typed: '\n' });
    expect(none.asked).toHaveLength(1);
  });

  it('asks nobody where nobody watches: the seeds are told, each of which gives its clip later', async () => {
    const { asked, folder, err, out } = await animate('');
    expect(asked).toHaveLength(1);
    expect(existsSync(join(folder, 'cat.mp4'))).toBe(false);
    expect(err).toContain('--seed with one of the seeds');
    expect(out).toContain('2 (seed 8)');
  });

  it.each([
    ['cat.png --variations 1', '--variations must be a whole number from 2 to 4'],
    ['cat.png --variations 4 --pick 5', '--pick must be numbers from 1 to 4'],
    ['cat.png --variations 4 --pick 1,', '--pick must be numbers from 1 to 4'],
    ['cat.png --pick 1', '--pick goes with --variations'],
    ['cat.png dog.png --variations 2', '--variations takes one picture at a time'],
  ])('refuses %s', (words, message) => {
    try {
      readAnimateOptions(words.split(' '));
      expect.unreachable();
    } catch (error) {
      expect(isUsageError(error)).toBe(true);
      expect((error as Error).message).toContain(message);
    }
  });
});
