import { createLocalEngine } from '../../src/queue/engine/local-engine.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { describeEngine } from './engine-conformance.ts';

describeEngine('the engine of one host', async () => {
  const engine = createLocalEngine({ log: createRecordingLog() });
  return { engine, silenceMs: 0, serve: async (worker, handler) => engine.serve(worker, handler), close: engine.close };
});
