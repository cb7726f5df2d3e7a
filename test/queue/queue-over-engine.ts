import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError, InferenceError } from '../../src/errors.ts';
import { createJobHandler } from '../../src/queue/job-handler.ts';
import { styleId } from '../../src/settings/style.ts';
import { systemClock } from '../../src/util/clock.ts';
import { newJob, tinyModel } from '../support/jobs.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { type EngineSuite, type EngineUnderTest, itAble } from './engine-under-test.ts';
import { setUpQueue, statesOf, submitAll } from './set-up-queue.ts';

/** How long a claim holds in these tests, in milliseconds. */
const leaseMs = 1_500;

const styles = [
  { name: 'ink', hash: '0123456789abcdef' },
  { name: 'oil', hash: 'fedcba9876543210' },
];

/** What the queue promises its users, over any engine: every worker has a renderer that the test holds in its hand. */
export function describeQueueOver(name: string, { open, abilities, skipReason }: EngineSuite): void {
  describe.skipIf(skipReason !== undefined)(`the queue over ${name}${skipReason ? ` (${skipReason})` : ''}`, () => {
    let under: EngineUnderTest;
    let around: ReturnType<typeof setUpQueue>;

    beforeEach(async () => {
      under = await open();
      around = setUpQueue({
        engine: under.engine,
        clock: systemClock,
        leaseMs,
        holder: 'test',
        model: { ...tinyModel, styles },
      });
    });

    afterEach(async () => {
      await around.queue.close();
      await under.close();
    });

    /** A worker with a renderer of its own. */
    async function addWorker(worker: string, styles?: string[]) {
      const renderer = createScriptedRenderer();
      const { access } = around.queue;
      let thaw: (() => void) | undefined;
      let thawed: Promise<void> | undefined;
      const handler = createJobHandler({
        access: {
          ...access,
          async heartbeat(attempt) {
            await thawed;
            return access.heartbeat(attempt);
          },
        },
        renderer,
        clock: systemClock,
        log: around.log,
      });
      const served = await under.serve({ name: worker, lane: 'render', ...(styles && { styles }) }, handler);
      return {
        ...served,
        renderer,
        /** As a process that stands still: neither the engine nor the store hears of it. */
        freeze() {
          served.fallSilent?.();
          thawed = new Promise((resolve) => {
            thaw = resolve;
          });
        },
        thaw() {
          served.comeBack?.();
          thaw?.();
        },
      };
    }

    const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 10 });
    const told = (ends: RegExp) => around.news.filter((word) => ends.test(word));

    it('another seed: a running job begins anew before those who wait, and what its worker still brings is refused', async () => {
      const one = await addWorker('one');
      const [ann] = await submitAll(around.queue, ['ann', 'bob']);
      await one.renderer.begun(0);
      await until(() => expect(around.queue.workers()).toMatchObject([{ job: { id: ann } }]));
      expect(await around.queue.reseed(ann!)).toBe(true);
      const { signal } = await one.renderer.begun(0);
      await until(() => expect(signal?.aborted).toBe(true));
      const again = await one.renderer.begun(1);
      const seed = (await around.store.find(ann!))?.settings.seed;
      expect(again.spec.settings).toEqual({ seed });
      expect(seed).not.toBe(7);
      again.finish();
      (await one.renderer.begun(2)).finish();
      await until(() => expect(told(/delivered$/)).toEqual(['ann delivered', 'bob delivered']));
      expect(await around.store.find(ann!)).toMatchObject({ state: 'done', attempts: 1 });
    });

    it('put back: a fault of one worker takes that one out, and another one goes on with the job', async () => {
      const one = await addWorker('one');
      const [id] = await submitAll(around.queue, ['ann']);
      (await one.renderer.begun(0)).fail(new ConfigError('model-missing', 'MODEL_DIR cannot be read.'));
      const two = await addWorker('two');
      (await two.renderer.begun(0)).finish();
      await until(() => expect(around.news.at(-1)).toBe('ann delivered'));
      expect(await around.store.find(id!)).toMatchObject({ state: 'done', attempts: 1 });
      expect(around.queue.workers()).toMatchObject([
        { name: 'one', fault: { code: 'model-missing' } },
        { name: 'two', fault: undefined },
      ]);
      expect(around.queue.overview().hostFault).toBeUndefined();
    });

    it('retry and poison: a job that breaks its worker’s process twice ends by itself, and the others go on', async () => {
      const { renderer } = await addWorker('one');
      await submitAll(around.queue, ['poison', 'bob']);
      for (const index of [0, 1]) {
        (await renderer.begun(index)).fail(new InferenceError('render-process-died', 'It died.'));
      }
      (await renderer.begun(2)).finish();
      await until(() => expect(told(/failed|delivered/)).toEqual(['poison failed: It died.', 'bob delivered']));
    });

    itAble(abilities.silence)(
      'resume and fence: a silent worker’s job goes on elsewhere from its checkpoint, and what it brings late is refused',
      async () => {
        const one = await addWorker('one');
        const [id] = await submitAll(around.queue, ['ann']);
        const first = await one.renderer.begun(0);
        one.renderer.checkpoint(0, Buffer.from('step 9'));
        await until(async () => expect(await around.store.checkpoint(id!)).toEqual(Buffer.from('step 9')));
        one.freeze();
        const two = await addWorker('two');
        const second = await two.renderer.begun(0);
        expect(second.spec.checkpoint).toEqual(Buffer.from('step 9'));
        one.thaw();
        first.finish({ bytes: Buffer.from('late') });
        second.finish({ bytes: Buffer.from('right') });
        await until(() => expect(told(/delivered/)).toEqual(['ann delivered']));
        expect((await around.store.clip(id!))?.bytes).toEqual(Buffer.from('right'));
      },
    );

    itAble(abilities.silence)(
      'styles: a job whose worker is gone goes on at another one that has its style, whatever else that one has',
      async () => {
        const [ink, oil] = styles.map(styleId) as [string, string];
        const plain = await addWorker('plain', []);
        const draws = await addWorker('draws', [ink]);
        const id = (await around.queue.submit(newJob({ userId: 'ann', form: { style: ink } }))).id;
        await draws.renderer.begun(0);
        draws.renderer.checkpoint(0, Buffer.from('step 9'));
        await until(async () => expect(await around.store.checkpoint(id)).toEqual(Buffer.from('step 9')));
        draws.freeze();
        const all = await addWorker('all', [ink, oil]);
        const second = await all.renderer.begun(0);
        expect(second.spec).toMatchObject({ form: { style: ink }, checkpoint: Buffer.from('step 9') });
        second.finish();
        await until(() => expect(told(/delivered/)).toEqual(['ann delivered']));
        draws.thaw();
        expect(plain.renderer.renders).toHaveLength(0);
      },
    );

    itAble(abilities.silence)('poison: a job whose workers fall silent twice ends by itself', async () => {
      const one = await addWorker('one');
      await submitAll(around.queue, ['poison']);
      await one.renderer.begun(0);
      one.freeze();
      const two = await addWorker('two');
      await two.renderer.begun(0);
      two.freeze();
      await addWorker('three');
      await until(() => expect(told(/failed/)).toEqual(['poison failed: Whoever rendered this job died, twice.']));
      for (const worker of [one, two]) worker.thaw();
    });

    itAble(abilities.silence)(
      'a worker that has lost the queue, but not the bot, goes on, and its clip is taken',
      async () => {
        const one = await addWorker('one');
        await submitAll(around.queue, ['ann']);
        const first = await one.renderer.begun(0);
        one.fallSilent!();
        const two = await addWorker('two');
        await until(() =>
          expect(around.log.events.map(({ message }) => message)).toContain('somebody else has a job, or it has ended'),
        );
        first.finish();
        await until(() => expect(told(/delivered/)).toEqual(['ann delivered']));
        one.comeBack!();
        expect(two.renderer.renders).toHaveLength(0);
      },
    );

    it('cancel: waiting and running jobs end, and nothing of them is delivered', async () => {
      const { renderer } = await addWorker('one');
      const ids = await submitAll(around.queue, ['ann', 'bob', 'cy']);
      const running = await renderer.begun(0);
      expect(await around.queue.cancel(ids[1]!)).toBe('cancelled');
      expect(await around.queue.cancel(ids[0]!)).toBe('cancelled');
      await until(() => expect(running.signal?.aborted).toBe(true));
      (await renderer.begun(1)).finish();
      await until(() => expect(told(/delivered|failed/)).toEqual(['cy delivered']));
      expect(await statesOf(around.store, ids)).toEqual(['cancelled', 'cancelled', 'done']);
    });

    it('drain: a worker’s job goes on at another one, and costs no attempt', async () => {
      const one = await addWorker('one');
      const [id] = await submitAll(around.queue, ['ann']);
      await one.renderer.begun(0);
      await one.drain();
      const two = await addWorker('two');
      (await two.renderer.begun(0)).finish();
      await until(() => expect(told(/delivered/)).toEqual(['ann delivered']));
      expect((await around.store.find(id!))?.attempts).toBe(1);
    });

    it('fair: of a user with many jobs and one with a single job, each has a turn, whoever renders', async () => {
      around.queue.setMode('paused');
      const users = ['ann', 'ann', 'ann', 'ann', 'bob'];
      for (const [seed, userId] of users.entries()) await around.queue.submit(newJob({ userId, settings: { seed } }));
      const one = await addWorker('one');
      around.queue.setMode('open');
      for (let index = 0; index < users.length; index++) (await one.renderer.begun(index)).finish();
      await until(() => expect(told(/delivered/)).toHaveLength(5));
      expect(one.renderer.renders.map(({ spec }) => spec.settings.seed)).toEqual([0, 4, 1, 2, 3]);
    });

    it('nothing lost, nothing twice: thirty jobs of three workers that fail, drain and come anew', async () => {
      const users = Array.from({ length: 30 }, (_, index) => `u${index}`);
      await submitAll(around.queue, users);
      const workers = await Promise.all(['one', 'two', 'three'].map((worker) => addWorker(worker)));
      let renders = 0;
      const serve = async ({ renderer }: (typeof workers)[number]) => {
        for (let index = 0; told(/delivered|failed/).length < 30; index++) {
          const render = await renderer.begun(index);
          // One in seven breaks, which a job may once.
          if (++renders % 7 === 0) render.fail(new Error('no such operator'));
          else render.finish();
        }
      };
      for (const worker of workers) void serve(worker);
      await until(() => expect(told(/delivered|failed/).length).toBeGreaterThan(5));
      await workers[0]!.drain();
      void serve(await addWorker('four'));
      await until(() => expect(told(/delivered|failed/)).toHaveLength(30));
      expect(told(/delivered/).toSorted()).toEqual(users.map((user) => `${user} delivered`).toSorted());
    });
  });
}
