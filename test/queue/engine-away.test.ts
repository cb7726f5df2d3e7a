import { expect, it } from 'vitest';
import { InferenceError } from '../../src/errors.ts';
import { createLocalEngine } from '../../src/queue/engine/local-engine.ts';
import type { EngineEvents, QueueEngine } from '../../src/queue/engine/queue-engine.ts';
import { createJobHandler } from '../../src/queue/job-handler.ts';
import { settle } from '../support/fake-clock.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { setUpQueue, submitAll } from './set-up-queue.ts';

/** A queue with three workers over an engine that takes nothing while it is away. */
function setUp(options: Parameters<typeof setUpQueue>[0] = {}) {
  const local = createLocalEngine({ log: createRecordingLog() });
  const state = { isAway: false, handed: 0 };
  let events: EngineEvents | undefined;
  const engine: QueueEngine = {
    ...local,
    listen(listener) {
      events = listener;
      local.listen(listener);
    },
    async hand(task) {
      state.handed++;
      if (state.isAway) throw new InferenceError('queue-unreachable', 'Redis cannot be reached.', { scope: 'host' });
      await local.hand(task);
    },
  };
  const around = setUpQueue({ ...options, engine });
  const { queue, clock, log } = around;
  const renderers = ['one', 'two', 'three'].map((name) => {
    const renderer = createScriptedRenderer();
    local.serve({ name, lane: 'render' }, createJobHandler({ access: queue.access, renderer, clock, log }));
    return renderer;
  });
  return { ...around, state, renderers, comeBack: () => events!.reachable() };
}

it('an engine that is there again is handed jobs at once, to all that are free, while others go on', async () => {
  const { queue, clock, state, renderers, comeBack } = setUp();
  await submitAll(queue, ['ann']);
  const first = await renderers[0]!.begun(0);
  state.isAway = true;
  await submitAll(queue, ['bob', 'cy']);
  await clock.advance(200_000);
  expect(queue.overview()).toMatchObject({ hostFault: { code: 'queue-unreachable' }, waiting: [{}, {}] });
  // The next try by itself would come after up to a minute.
  state.isAway = false;
  comeBack();
  await renderers[1]!.begun(0);
  await renderers[2]!.begun(0);
  expect(first.signal?.aborted).toBe(false);
  expect(queue.overview()).toMatchObject({ hostFault: undefined, waiting: [] });
});

it('an engine that says so and takes nothing is tried once, and people go on reading "paused"', async () => {
  const { queue, clock, state, log, comeBack } = setUp();
  state.isAway = true;
  await submitAll(queue, ['ann', 'bob']);
  await clock.advance(60_000);
  const before = state.handed;
  comeBack();
  await settle();
  expect(state.handed - before).toBe(1);
  expect(queue.overview().hostFault?.code).toBe('queue-unreachable');
  expect(log.events.filter(({ level }) => level === 'error')).toHaveLength(1);
});

it('a fault of the store is not tried sooner because the engine is there again', async () => {
  const claim = async () => {
    throw Object.assign(new Error('write'), { code: 'ENOSPC', scope: 'host' });
  };
  const { queue, state, comeBack } = setUp({ wrapStore: (store) => ({ ...store, claim }) });
  await submitAll(queue, ['ann']);
  await settle();
  expect(queue.overview().hostFault?.code).toBe('ENOSPC');
  const before = state.handed;
  comeBack();
  await settle();
  expect(state.handed).toBe(before);
});
