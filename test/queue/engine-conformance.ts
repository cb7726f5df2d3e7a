import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InferenceError, UserError } from '../../src/errors.ts';
import type { Outcome, QueueEngine, TaskHandler, WorkerInfo } from '../../src/queue/engine/queue-engine.ts';
import { renderStages } from '../../src/settings/clip.ts';
import { type EngineSuite, type EngineUnderTest, type HeldDelivery, itAble } from './engine-under-test.ts';

const done: Outcome = { type: 'done' };
const step = (number: number) => ({ stage: 'denoise' as const, step: number, steps: 9, secondsPerStep: 1 });

/** What every engine must do, whatever it is made of. */
export function describeEngine(name: string, { open, abilities, skipReason }: EngineSuite): void {
  describe.skipIf(skipReason !== undefined)(`${name}${skipReason ? ` (${skipReason})` : ''}`, () => {
    let under: EngineUnderTest;
    /** What the owner heard, as short words. */
    let news: string[];
    let settled: { id: string; number?: number; outcome: Outcome }[];
    let begun: HeldDelivery[];

    function listen(engine: QueueEngine): void {
      engine.listen({
        begun: ({ id }) => void news.push(`${id} begun`),
        progress: ({ id }, { step }) => void news.push(`${id} ${step}`),
        settled(delivery, outcome) {
          news.push(`${delivery.id} ${outcome.type}`);
          settled.push({ ...delivery, outcome });
        },
        workersChanged: () => {},
        reachable: () => {},
      });
    }

    /** Holds every delivery until the test ends it, or it is aborted. */
    const hold: TaskHandler = (delivery) =>
      new Promise((resolve) => {
        delivery.signal.addEventListener('abort', () => resolve({ type: 'broken-off' }), { once: true });
        begun.push({ ...delivery, end: resolve });
      });

    const serve = (worker: string, handler = hold, lane: WorkerInfo['lane'] = 'render') =>
      under.serve({ name: worker, lane }, handler);

    const render = (id: string) => under.engine.hand({ id, lane: 'render', group: '' });

    const until = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 5 });

    async function delivery(index: number): Promise<HeldDelivery> {
      await until(() => expect(begun.length).toBeGreaterThan(index));
      return begun[index]!;
    }

    const ends = (id: string) => settled.filter((each) => each.id === id).map(({ outcome }) => outcome.type);

    beforeEach(async () => {
      [news, settled, begun] = [[], [], []];
      under = await open();
      listen(under.engine);
    });

    afterEach(() => under.close());

    it('claim: a task is given to one worker, and told of in order: begun, progress, settled', async () => {
      await serve('one');
      await serve('two');
      await render('a');
      const first = await delivery(0);
      first.progress(step(1));
      await until(() => expect(news).toContain('a 1'));
      first.end(done);
      await until(() => expect(ends('a')).toEqual(['done']));
      expect(news).toEqual(['a begun', 'a 1', 'a done']);
      expect(begun).toHaveLength(1);
    });

    it('every stage of a render is told', async () => {
      await serve('one');
      await render('a');
      const { progress, end } = await delivery(0);
      for (const [index, stage] of renderStages.entries()) progress({ ...step(index), stage });
      await until(() => expect(news.slice(1)).toEqual(renderStages.map((_, index) => `a ${index}`)));
      end(done);
    });

    it('a task that comes before the first worker waits for one', async () => {
      await render('a');
      await serve('one');
      (await delivery(0)).end(done);
      await until(() => expect(ends('a')).toEqual(['done']));
    });

    it('concurrent claims: many tasks and three workers: each task once, each worker one at a time', async () => {
      const running = new Map<string, number>();
      let most = 0;
      const times = new Map<string, number>();
      const handler: TaskHandler = async ({ id, worker }) => {
        running.set(worker, (running.get(worker) ?? 0) + 1);
        most = Math.max(most, running.get(worker)!);
        times.set(id, (times.get(id) ?? 0) + 1);
        await new Promise((resolve) => setImmediate(resolve));
        running.set(worker, running.get(worker)! - 1);
        return done;
      };
      for (const worker of ['one', 'two', 'three']) await serve(worker, handler);
      const ids = Array.from({ length: 40 }, (_, index) => `t${index}`);
      await Promise.all(ids.map(render));
      await until(() => expect(settled).toHaveLength(40));
      expect([most, [...times.values()].every((count) => count === 1), times.size]).toEqual([1, true, 40]);
    });

    it('a task that is handed over twice is one task', async () => {
      await serve('one');
      await Promise.all([render('a'), render('a')]);
      const first = await delivery(0);
      await render('a');
      first.end(done);
      await render('b');
      (await delivery(1)).end(done);
      await until(() => expect(ends('b')).toEqual(['done']));
      expect(begun.map(({ id }) => id)).toEqual(['a', 'b']);
      expect(ends('a')).toEqual(['done']);
    });

    it('a lane does not wait behind another', async () => {
      await serve('device');
      await serve('encoder', hold, 'encode');
      await render('long');
      await delivery(0);
      await render('behind');
      await under.engine.hand({ id: 'quick', lane: 'encode', group: '' });
      const second = await delivery(1);
      expect(second).toMatchObject({ id: 'quick', worker: 'encoder' });
      second.end(done);
      await until(() => expect(ends('quick')).toEqual(['done']));
    });

    it('heartbeat: a worker that lives keeps its task, however long it takes', async () => {
      await serve('one');
      await serve('two');
      await render('a');
      const first = await delivery(0);
      await new Promise((resolve) => setTimeout(resolve, 3 * under.silenceMs));
      first.end(done);
      await until(() => expect(ends('a')).toEqual(['done']));
      expect(begun).toHaveLength(1);
    });

    itAble(abilities.silence)(
      'fence: what a silent worker had is another one’s, with a higher number, and what it still says is not told',
      async () => {
        const silent = await serve('one');
        await render('a');
        const first = await delivery(0);
        first.progress(step(5));
        await until(() => expect(news).toContain('a 5'));
        silent.fallSilent!();
        await serve('two');
        const second = await delivery(1);
        expect(second).toMatchObject({ id: 'a', worker: 'two' });
        expect(second.number).toBeGreaterThan(first.number);
        second.progress(step(2));
        await until(() => expect(news).toContain('a 2'));
        silent.comeBack!();
        first.progress(step(8));
        first.end(done);
        second.end({ type: 'lost' });
        await until(() => expect(ends('a')).toEqual(['lost']));
        await render('b');
        (await delivery(2)).end(done);
        await until(() => expect(ends('b')).toEqual(['done']));
        expect([news.includes('a 8'), ends('a')]).toEqual([false, ['lost']]);
      },
    );

    it('cancel: a task that waits is settled and never begun', async () => {
      await serve('one');
      await render('a');
      const first = await delivery(0);
      await render('b');
      await under.engine.cancel('b');
      await until(() => expect(ends('b')).toEqual(['broken-off']));
      first.end(done);
      await render('c');
      expect((await delivery(1)).id).toBe('c');
    });

    it('cancel: a task that runs has its signal aborted, and is settled when its worker is done with it', async () => {
      await serve('one');
      await render('a');
      const { signal } = await delivery(0);
      await under.engine.cancel('a');
      await until(() => expect(signal.aborted).toBe(true));
      await until(() => expect(ends('a')).toEqual(['broken-off']));
      await under.engine.cancel('a'); // nothing is left of it
      await render('b');
      (await delivery(1)).end(done);
      await until(() => expect(ends('b')).toEqual(['done']));
    });

    it('a failure is told as it was, and its worker takes nothing until it is released, while others go on', async () => {
      await serve('one');
      await render('a');
      const error = new InferenceError('no-memory', 'The device is out of memory.', {
        scope: 'host',
        cause: Object.assign(new Error('full'), { code: 'ENOMEM' }),
      });
      (await delivery(0)).end({ type: 'failed', at: 'worker', error });
      await until(() => expect(ends('a')).toEqual(['failed']));
      expect(settled[0]?.outcome).toMatchObject({
        error: { code: 'no-memory', scope: 'host', cause: { code: 'ENOMEM' } },
      });
      await until(() => expect(under.engine.workers()).toMatchObject([{ name: 'one', isHeld: true }]));
      await serve('two');
      await render('b');
      await render('c');
      const second = await delivery(1);
      expect(second.worker).toBe('two');
      second.end(done);
      const third = await delivery(2);
      expect(third.worker).toBe('two');
      await render('d');
      await under.engine.release('one');
      expect((await delivery(3)).worker).toBe('one');
      await until(() => expect(under.engine.workers().map(({ isHeld }) => isHeld)).toEqual([false, false]));
    });

    it('a failure on the way to the job’s data does not hold the worker', async () => {
      await serve('one');
      await render('a');
      (await delivery(0)).end({ type: 'failed', at: 'store', error: new Error('the disk is full') });
      await render('b');
      (await delivery(1)).end(done);
      await until(() => expect([ends('a'), ends('b')]).toEqual([['failed'], ['done']]));
    });

    it('a handler that rejects has failed at its worker', async () => {
      await serve('one', async () => {
        throw new UserError('picture-broken', 'The picture is damaged.');
      });
      await render('a');
      await until(() => expect(settled).toHaveLength(1));
      expect(settled[0]?.outcome).toMatchObject({ type: 'failed', at: 'worker', error: { code: 'picture-broken' } });
    });

    it('retry: a settled task may be handed over again, and its next delivery has a higher number', async () => {
      await serve('one');
      await render('a');
      const first = await delivery(0);
      first.end({ type: 'failed', at: 'store', error: new Error('broke') });
      await until(() => expect(ends('a')).toEqual(['failed']));
      await render('a');
      const second = await delivery(1);
      expect(second.number).toBeGreaterThan(first.number);
      second.end(done);
      await until(() => expect(ends('a')).toEqual(['failed', 'done']));
    });

    it('drain: a worker that leaves gives back what it has and takes nothing more; the next one goes on', async () => {
      const leaving = await serve('one');
      await render('a');
      const first = await delivery(0);
      const drained = leaving.drain();
      await until(() => expect(first.signal.aborted).toBe(true));
      await drained;
      await until(() => expect(ends('a')).toEqual(['broken-off']));
      await until(() => expect(under.engine.workers()).toEqual([]));
      await render('a');
      await serve('two');
      expect(await delivery(1)).toMatchObject({ id: 'a', worker: 'two' });
    });

    it('shows its workers with their lanes and facts', async () => {
      await under.serve({ name: 'gpu-1', lane: 'render', facts: { model: 'svd-xt', memoryGiB: 24 } }, hold);
      await under.serve({ name: 'cpu', lane: 'encode' }, hold);
      await until(() =>
        expect(under.engine.workers()).toMatchObject([
          { name: 'cpu', lane: 'encode', isHeld: false },
          { name: 'gpu-1', lane: 'render', isHeld: false, facts: { model: 'svd-xt', memoryGiB: 24 } },
        ]),
      );
    });

    itAble(abilities.takeOver)(
      'an owner that takes another one’s place hears of what runs, by handing it over again',
      async () => {
        await serve('one');
        await render('a');
        const first = await delivery(0);
        first.progress(step(1));
        await until(() => expect(news).toContain('a 1'));
        await under.engine.close();
        news = [];
        under.engine = await under.takeOver!();
        listen(under.engine);
        await render('a');
        await until(() => expect(news[0]).toBe('a begun'));
        first.end(done);
        await until(() => expect(ends('a')).toEqual(['done']));
        expect(begun).toHaveLength(1);
      },
    );
  });
}
