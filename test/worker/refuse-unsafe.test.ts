import { describe, expect, it } from 'vitest';
import { makeClip } from '../../src/worker/make-clip.ts';
import { refuseUnsafeClip, type SafetyRule } from '../../src/worker/render-tools.ts';
import { fakeTools, scripted } from './fixtures/fake-tools.ts';

/** A rule that rates its looks one after the other as given, then 0; `seen` are the pictures' first bytes. */
function ruleOf(...ratings: number[]): SafetyRule & { seen: number[] } {
  const seen: number[] = [];
  const rate = async ({ data }: { data: Uint8Array }) => {
    seen.push(data[0]!);
    return ratings[seen.length - 1] ?? 0;
  };
  return { check: { rate }, threshold: 0.7, modelDir: 'none', seen };
}

const spec = { picture: scripted({}), settings: { seed: 5 }, fit: 'pad' as const };

describe('makeClip with a safety rule', () => {
  it('refuses a picture before the model works for it', async () => {
    const tools = fakeTools();
    const made = makeClip({ ...tools, safety: ruleOf(0.7) }, spec);
    await expect(made).rejects.toMatchObject({ name: 'UserError', code: 'picture-unsafe' });
    expect(tools.calls.map((call) => call.split(' ')[0])).toEqual(['pictureForClip']);
  });

  it('refuses a clip by the same rule, and encodes nothing of it', async () => {
    const tools = fakeTools();
    const made = makeClip({ ...tools, safety: ruleOf(0, 0.1, 0.9) }, spec);
    await expect(made).rejects.toMatchObject({ code: 'clip-unsafe' });
    expect(tools.calls.filter((call) => call.startsWith('encode'))).toEqual([]);
  });

  it('lets through what stays below the threshold', async () => {
    await makeClip({ ...fakeTools(), safety: ruleOf(0.69, 0.69, 0.69) }, spec);
  });
});

describe('refuseUnsafeClip', () => {
  it('looks at five frames over the whole clip, and at each of a shorter one', async () => {
    const clip = (count: number) => ({
      width: 1,
      height: 1,
      frames: Array.from({ length: count }, (_, index) => new Uint8Array(3).fill(index)),
    });
    const [long, short, single] = [ruleOf(), ruleOf(), ruleOf()];
    await refuseUnsafeClip(clip(25), long);
    await refuseUnsafeClip(clip(3), short);
    await refuseUnsafeClip(clip(1), single);
    expect([long.seen, short.seen, single.seen]).toEqual([[0, 6, 12, 18, 24], [0, 1, 2], [0]]);
  });
});
