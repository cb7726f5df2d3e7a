import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { createPictureChecker, type PictureCheckerOptions } from '../../src/worker/picture-checker.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createRecordingLog } from '../support/recording-log.ts';

const folder = fileURLToPath(new URL('../fixtures/pictures/', import.meta.url));
const fixture = (name: string) => readFileSync(folder + name);

function checker(options: Partial<PictureCheckerOptions> = {}) {
  const made = createPictureChecker({ environment: process.env, ...options });
  onTestFinished(made.close);
  return made;
}

/** For the tests that leave it as they found it. */
const shared = createPictureChecker({ environment: process.env });
afterAll(shared.close);

describe('a picture is looked at before it waits', { timeout: 60_000 }, () => {
  it('in a process of its own, and what it is comes back', async () => {
    const { check } = shared;
    const [avif, gif] = await Promise.all([check(fixture('pic.avif')), check(fixture('first-frame-empty.gif'))]);
    expect(avif).toEqual({ format: 'avif', width: 256, height: 144, isBlank: false });
    expect(gif).toMatchObject({ format: 'gif', isBlank: false });
  });

  it('one that cannot work is refused with the code and the words that people get', async () => {
    const { checkBeforeQueueing } = shared;
    const refused = async (bytes: Uint8Array) => {
      const error = await checkBeforeQueueing(bytes).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(UserError);
      return (error as UserError).code;
    };
    expect(await refused(fixture('cut-half.jpg'))).toBe('picture-broken');
    expect(await refused(fixture('progressive-24mp.jpg'))).toBe('picture-too-large-interlaced');
    expect(await refused(Buffer.from('no picture'))).toBe('picture-not-a-picture');
    expect(await refused(fixture('white.png'))).toBe('picture-blank');
    expect(await refused(fixture('all-frames-empty.gif'))).toBe('picture-blank');
    await expect(checkBeforeQueueing(fixture('pixel-extraneous.jpg'))).resolves.toBeUndefined();
  });

  it('by the limits of the operator', async () => {
    const { check } = checker({ pictures: { from: 'strangers', maxPixels: 40_000_000 } });
    expect(await check(fixture('progressive-24mp.jpg'))).toMatchObject({ width: 5712, height: 4284 });
  });

  it('a decoder that dies takes nothing along, and the next picture gets a new process', async () => {
    const entry = new URL('./fixtures/crashing-probe.ts', import.meta.url);
    const { check } = checker({ entry });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(check(fixture('white.png'))).rejects.toMatchObject({ code: 'picture-check-died' });
    }
  });

  it('one whose look took the decoder down is left to the render', async () => {
    const log = createRecordingLog();
    const entry = new URL('./fixtures/crashing-probe.ts', import.meta.url);
    const { checkBeforeQueueing } = checker({ entry, log });
    await expect(checkBeforeQueueing(fixture('white.png'))).resolves.toBeUndefined();
    expect(log.events).toMatchObject([{ level: 'warn', fields: { err: { code: 'picture-check-died' } } }]);
  });

  it('what its first bytes rule out starts no process', async () => {
    const entry = new URL('./fixtures/crashing-probe.ts', import.meta.url);
    const { checkBeforeQueueing } = checker({ entry });
    await expect(checkBeforeQueueing(Buffer.from('no picture'))).rejects.toMatchObject({
      code: 'picture-not-a-picture',
    });
  });

  it('one that hangs is ended', async () => {
    const clock = createFakeClock();
    const entry = new URL('./fixtures/mute-child.ts', import.meta.url);
    const done = checker({ entry, clock }).check(fixture('white.png'));
    const outcome = expect(done).rejects.toMatchObject({ code: 'picture-check-died' });
    await clock.advance(50_000);
    await outcome;
  });

  it('its process ends when it is idle, and starts again when it is needed', async () => {
    const clock = createFakeClock();
    const { check } = checker({ clock, idleSeconds: 10 });
    await check(fixture('white.png'));
    expect(clock.pending()).toBe(1);
    await clock.advance(10_000);
    expect(clock.pending()).toBe(0);
    expect(await check(fixture('white.png'))).toMatchObject({ isBlank: true });
  });
});
