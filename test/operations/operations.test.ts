import { expect, it, onTestFinished } from 'vitest';
import { startOperations } from '../../src/operations/operations.ts';
import { createRecordingLog } from '../support/recording-log.ts';

it('several renderers are late only where all of them are: the others go on', async () => {
  const listen = { host: '127.0.0.1', port: 0 };
  const operations = await startOperations({
    listen,
    version: '1',
    engine: 'local',
    modelFiles: [],
    log: createRecordingLog(),
  });
  onTestFinished(operations.close);
  const { host, port } = operations.address;
  const render = async () => {
    const answer = await fetch(`http://${host}:${port}/readyz`);
    return ((await answer.json()) as { checks: { render: { ok: boolean } } }).checks.render.ok;
  };
  const late = [true, false];
  operations.watchRenderers([{ isLate: () => late[0]! }, { isLate: () => late[1]! }]);
  expect(await render()).toBe(true);
  late[1] = true;
  await expect.poll(render, { timeout: 5_000 }).toBe(false);
});
