import { existsSync, renameSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import type { FakeDiscord, InteractionHandle } from '../../src/fake-discord/types.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { clipOf, isClip, setStage, smallPicture } from './stage.ts';
import { quickChild, startTinyRenderer } from './tiny-renderer.ts';

// With a model folder of its own, which is taken away. What it has loaded is for clips of the model's shape, not the picture's:
// the next clip needs the folder, and leaves its networks to those after it.
const renderer = await startTinyRenderer({ memoryMode: 'resident' });
// Four seconds without any progress, and without processor time, are enough here. A busy machine may need longer to find
// that a folder is gone, so that test has the renderer with the usual time.
const impatient = await startTinyRenderer({ stallSeconds: 4, entry: quickChild });
/** Waits of a quarter of a second instead of 5 to 60 s: each trial starts a process, and waiting itself takes no time of the processor. */
const quickClock: Clock = {
  ...systemClock,
  after: (delayMs, callback) => systemClock.after(Math.min(delayMs, 250), callback),
};
/** However busy the machine is. */
const patience = { timeoutMs: 240_000 };

const animate = (seed: number, options = {}) => ({
  command: 'animate',
  attachments: { image: smallPicture },
  options: { seed, ...options },
});

/** Asks until the bot answers in time: where a busy machine misses the three seconds nothing was accepted. */
async function accepted(discord: FakeDiscord, seed: number): Promise<InteractionHandle> {
  for (;;) {
    const handle = discord.invoke(animate(seed, { steps: 2 }));
    const isAnswered = await handle.acknowledged.then(
      () => true,
      () => false,
    );
    if (isAnswered) return handle;
  }
}

it('the model folder goes while ten jobs wait, and comes back: ten clips, people saw "paused", the operator was told once', async () => {
  const { discord, log } = await setStage({ renderer, model: renderer.model, clock: quickClock });
  const seen = new Set<string>();
  discord.onChange((change) => {
    if (change.kind === 'message-update' && /paused/i.test(change.message.content)) seen.add(change.message.id);
  });
  const gone = `${renderer.modelDir}-gone`;
  renameSync(renderer.modelDir, gone);
  onTestFinished(() => {
    if (existsSync(gone)) renameSync(gone, renderer.modelDir);
  });
  const handles = await Promise.all(Array.from({ length: 10 }, (_, seed) => accepted(discord, seed)));
  await Promise.all(handles.map((handle) => handle.waitForMessage(({ content }) => /paused/i.test(content), patience)));
  const failures = () => log.events.filter(({ message }) => message.includes('cannot make clips'));
  const told = () => failures().filter(({ level }) => level === 'error');
  // The process that was there misses the weights, and the next one, of the first trial, the folder: by another code.
  await expect.poll(() => failures().length, { timeout: patience.timeoutMs, interval: 20 }).toBeGreaterThan(1);
  expect(failures()[1]!.fields.code).not.toBe(failures()[0]!.fields.code);
  expect(told()).toHaveLength(1);
  renameSync(gone, renderer.modelDir);
  await Promise.all(handles.map(clipOf));
  expect(seen.size).toBe(10);
  expect(told()).toHaveLength(1);
  expect(discord.messages().filter(isClip)).toHaveLength(10);
});

it('a render process that is stopped is killed and its job done again', async () => {
  const { discord, log } = await setStage({ renderer: impatient, model: impatient.model, clock: quickClock });
  const hold = impatient.hold();
  // So many steps that it is not done before it is stopped, however late its news are read.
  const handle = discord.invoke(animate(7, { steps: 50 }));
  await hold.reached;
  await clipOf(handle);
  expect(log.events.some(({ fields }) => (fields.err as { code?: string })?.code === 'render-process-stalled')).toBe(
    true,
  );
});
