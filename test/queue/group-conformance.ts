import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { groupOf, type Outcome, type TaskHandler } from '../../src/queue/engine/queue-engine.ts';
import { type EngineSuite, type EngineUnderTest, type HeldDelivery, itAble } from './engine-under-test.ts';

/** What every engine must do for workers that cannot all do the same. */
export function describeGroups(name: string, { open, abilities, skipReason }: EngineSuite): void {
  describe.skipIf(skipReason !== undefined)(`groups of ${name}${skipReason ? ` (${skipReason})` : ''}`, () => {
    let under: EngineUnderTest;
    let begun: HeldDelivery[];
    let settled: { id: string; outcome: Outcome['type'] }[];
    const done: Outcome = { type: 'done' };

    const hold: TaskHandler = (delivery) =>
      new Promise((resolve) => {
        delivery.signal.addEventListener('abort', () => resolve({ type: 'broken-off' }), { once: true });
        begun.push({ ...delivery, end: resolve });
      });
    const serve = (worker: string, styles: string[]) => under.serve({ name: worker, lane: 'render', styles }, hold);
    const hand = (id: string, styles: string[]) =>
      under.engine.hand({ id, lane: 'render', group: groupOf({ styles }) });
    const listen = () =>
      under.engine.listen({
        begun: () => {},
        progress: () => {},
        workersChanged: () => {},
        reachable: () => {},
        settled: ({ id }, { type }) => void settled.push({ id, outcome: type }),
      });
    const until = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 5 });

    beforeEach(async () => {
      [begun, settled] = [[], []];
      under = await open();
      listen();
    });

    afterEach(() => under.close());

    it('a task goes to a worker of its group alone, and no group waits behind another', async () => {
      await serve('ink', ['ink@1', 'oil@1']);
      await serve('plain', []);
      await until(() =>
        expect(under.engine.workers()).toMatchObject([
          { name: 'ink', styles: ['ink@1', 'oil@1'] },
          { name: 'plain', styles: [] },
        ]),
      );
      for (const id of ['a', 'b']) await hand(id, ['oil@1', 'ink@1']);
      await hand('c', []);
      await until(() => expect(begun).toHaveLength(2));
      expect(Object.fromEntries(begun.map(({ id, worker }) => [id, worker]))).toEqual({ a: 'ink', c: 'plain' });
      for (const { end } of begun) end(done);
      await until(() => expect(begun.slice(2)).toMatchObject([{ id: 'b', worker: 'ink' }]));
      begun[2]!.end(done);
      await until(() => expect(settled.map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'c']));
    });

    itAble(abilities.takeOver)(
      'an owner that takes another one’s place hears of what runs, also where it hands it to another group',
      async () => {
        await serve('ink', ['ink@1']);
        await serve('plain', []);
        await until(() => expect(under.engine.workers()).toHaveLength(2));
        await hand('a', ['ink@1']);
        await until(() => expect(begun).toHaveLength(1));
        await under.engine.close();
        under.engine = await under.takeOver!();
        listen();
        await until(() => expect(under.engine.workers()).toHaveLength(2));
        await hand('a', []);
        begun[0]!.end(done);
        await until(() => expect(settled).toEqual([{ id: 'a', outcome: 'done' }]));
        expect(begun).toHaveLength(1);
      },
    );

    itAble(abilities.silence)(
      'what a group had whose workers are all gone is given back while others are there',
      async () => {
        const silent = await serve('ink', ['ink@1']);
        await hand('a', ['ink@1']);
        await until(() => expect(begun).toHaveLength(1));
        await hand('b', ['ink@1']);
        await serve('plain', []);
        silent.fallSilent!();
        await until(() => expect(settled.map(({ id }) => id).toSorted()).toEqual(['a', 'b']));
        expect(settled.every(({ outcome }) => outcome === 'lost')).toBe(true);
        await hand('a', []);
        await until(() => expect(begun.at(-1)).toMatchObject({ id: 'a', worker: 'plain' }));
        begun.at(-1)!.end(done);
        await until(() => expect(settled.at(-1)).toEqual({ id: 'a', outcome: 'done' }));
      },
    );
  });
}
