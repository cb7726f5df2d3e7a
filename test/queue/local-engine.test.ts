import { createLocalEngine } from '../../src/queue/engine/local-engine.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { describeEngine, type EngineUnderTest } from './engine-conformance.ts';
import { describeQueueOver } from './queue-over-engine.ts';

async function open(): Promise<EngineUnderTest> {
  const engine = createLocalEngine({ log: createRecordingLog() });
  return { engine, silenceMs: 0, serve: async (worker, handler) => engine.serve(worker, handler), close: engine.close };
}

describeEngine('the engine of one host', open);
describeQueueOver('the engine of one host', open);
