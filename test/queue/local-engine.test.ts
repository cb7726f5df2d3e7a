import { createLocalEngine } from '../../src/queue/engine/local-engine.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { describeEngine } from './engine-conformance.ts';
import type { EngineSuite, EngineUnderTest } from './engine-under-test.ts';
import { describeGroups } from './group-conformance.ts';
import { describeQueueOver } from './queue-over-engine.ts';

async function open(): Promise<EngineUnderTest> {
  const engine = createLocalEngine({ log: createRecordingLog() });
  return { engine, silenceMs: 0, serve: async (worker, handler) => engine.serve(worker, handler), close: engine.close };
}

const suite: EngineSuite = {
  open,
  abilities: {
    silence: 'a worker is in its owner’s process: it is silent only where the owner is',
    takeOver: 'tasks end with their owner, and the store hands them over again',
  },
};
describeEngine('the engine of one host', suite);
describeGroups('the engine of one host', suite);
describeQueueOver('the engine of one host', suite);
