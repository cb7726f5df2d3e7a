import { describe, expect, it } from 'vitest';
import type { RenderProgress } from '../../src/worker/types.ts';
import { expectStep, type StepExpectation, watch } from '../../src/worker/watchdog.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const unknown: StepExpectation = { seconds: undefined, isMeasured: false };

/** A watched process on a clock that is moved by hand; `share` of a processor is used, undefined: nobody can tell. */
function watched({ share = 0, stallSeconds = 300 }: { share?: number | undefined | null; stallSeconds?: number } = {}) {
  const clock = createFakeClock();
  const process = { share: share as number | null, used: 0 };
  const stalls: number[] = [];
  let lastMs = clock.now();
  const watchdog = watch({
    clock,
    stallSeconds,
    processorSeconds() {
      if (process.share === null) return undefined;
      process.used += (process.share * (clock.now() - lastMs)) / 1000;
      lastMs = clock.now();
      return process.used;
    },
    onStall: (seconds) => stalls.push(seconds),
  });
  return { clock, process, stalls, watchdog, advanceSeconds: (seconds: number) => clock.advance(seconds * 1000) };
}

describe('the watchdog', () => {
  it.each([
    ['nothing is known of the step', unknown, 300],
    ['the step is known to be quick', { seconds: 0.5, isMeasured: false }, 300],
    ['the step is known to be slow', { seconds: 100, isMeasured: false }, 1000],
    ['the job measured slow steps', { seconds: 100, isMeasured: true }, 1000],
  ])('ends a process that stands still, where %s', async (_, expectation, limit) => {
    const { stalls, watchdog, advanceSeconds } = watched();
    watchdog.progress(expectation);
    await advanceSeconds(limit - 1);
    expect(stalls).toEqual([]);
    await advanceSeconds(1);
    expect(stalls).toEqual([limit]);
    await advanceSeconds(10_000);
    expect(stalls).toHaveLength(1);
  });

  it.each([
    ['nothing is known of the step', unknown, 3600],
    ['other renders were quick', { seconds: 0.5, isMeasured: false }, 3600],
    ['other renders were slow', { seconds: 500, isMeasured: false }, 5000],
    ['the job itself measured quick steps', { seconds: 0.5, isMeasured: true }, 300],
    ['the job itself measured slow steps', { seconds: 100, isMeasured: true }, 1000],
  ])('leaves a process that computes its time, where %s', async (_, expectation, limit) => {
    const { stalls, watchdog, advanceSeconds } = watched({ share: 1 });
    watchdog.progress(expectation);
    await advanceSeconds(limit - 1);
    expect(stalls).toEqual([]);
    await advanceSeconds(1);
    expect(stalls).toEqual([limit]);
  });

  it.each([
    ['stands still', 0, 150],
    ['computes', 1, 1800],
  ])(
    'calls a process that %s late after half of its time, until it goes on or the watch is over',
    async (_, share, half) => {
      const { watchdog, advanceSeconds } = watched({ share });
      await advanceSeconds(half - 31);
      expect(watchdog.isLate()).toBe(false);
      await advanceSeconds(62);
      expect(watchdog.isLate()).toBe(true);
      watchdog.progress(unknown);
      expect(watchdog.isLate()).toBe(false);
      await advanceSeconds(half + 31);
      expect(watchdog.isLate()).toBe(true);
      watchdog.stop();
      expect(watchdog.isLate()).toBe(false);
    },
  );

  it('does not take the thread that looks for the parent for work, nor reading weights from a slow disk for idling', async () => {
    const hanging = watched({ share: 0.003 });
    await hanging.advanceSeconds(300);
    expect(hanging.stalls).toEqual([300]);
    const reading = watched({ share: 0.015 });
    await reading.advanceSeconds(3599);
    expect(reading.stalls).toEqual([]);
  });

  it('counts idle time from when the process stopped computing', async () => {
    const { stalls, process, advanceSeconds } = watched({ share: 1 });
    await advanceSeconds(1200);
    process.share = 0;
    await advanceSeconds(299);
    expect(stalls).toEqual([]);
    await advanceSeconds(31);
    expect(stalls).toHaveLength(1);
  });

  it('gives a process twelve times as long where the system tells no processor times', async () => {
    const { stalls, advanceSeconds } = watched({ share: null, stallSeconds: 20 });
    await advanceSeconds(239);
    expect(stalls).toEqual([]);
    await advanceSeconds(1);
    expect(stalls).toEqual([240]);
  });

  it('begins anew with every step', async () => {
    const { stalls, watchdog, advanceSeconds } = watched({ stallSeconds: 20 });
    for (let step = 0; step < 100; step++) {
      await advanceSeconds(19);
      watchdog.progress(unknown);
    }
    expect(stalls).toEqual([]);
    watchdog.stop();
    await advanceSeconds(10_000);
    expect(stalls).toEqual([]);
  });

  it('is not misled by a clock that is set, or a machine that slept', async () => {
    const slept = watched();
    const { now } = slept.clock;
    await slept.advanceSeconds(100);
    for (const hours of [3, 0, -3]) {
      slept.clock.now = () => now() + hours * 3_600_000;
      await slept.advanceSeconds(29);
    }
    expect(slept.stalls).toEqual([]);
    await slept.advanceSeconds(300);
    expect(slept.stalls).toHaveLength(1);
  });
});

describe('what a step may take', () => {
  const news = (stage: RenderProgress['stage'], step: number, secondsPerStep?: number): RenderProgress => {
    return { stage, step, steps: 4, secondsPerStep };
  };
  const expected = { secondsBefore: 60, secondsPerStep: 5, secondsAfter: 30 };

  it.each([
    // A stage's first step loads its network: what other renders took says it best.
    ['before the first step', news('prepare', 0), undefined, { seconds: 60, isMeasured: false }],
    ['in the two unlike steps of encoding', news('encode-image', 1, 2), news('encode-image', 0), 60],
    ['in the first denoising step', news('denoise', 0), news('encode-image', 4, 1), 65],
    ['in the second', news('denoise', 1, 40), news('denoise', 0), { seconds: 40, isMeasured: true }],
    ['in the first of a render that is resumed', news('denoise', 2, 40), news('prepare', 1), 65],
    ['while decoding', news('decode', 0), news('denoise', 4, 40), 30],
    ['in the second chunk', news('decode', 1, 7), news('decode', 0), { seconds: 7, isMeasured: true }],
    ['after the last chunk', news('decode', 4, 7), news('decode', 3, 7), 30],
    ['while encoding', news('encode-video', 0), news('decode', 4, 7), 30],
  ])('%s', (_, now, before, wanted) => {
    const expectation = typeof wanted === 'number' ? { seconds: wanted, isMeasured: false } : wanted;
    expect(expectStep(now, before, expected)).toEqual(expectation);
    if (!expectation.isMeasured) expect(expectStep(now, before, undefined)).toEqual(unknown);
  });
});
