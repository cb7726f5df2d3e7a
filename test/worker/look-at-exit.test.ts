import { type ChildProcess, fork } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { JobCancelledError } from '../../src/errors.ts';
import { openExitGate, passGate } from '../../src/worker/exit-gate.ts';
import type { ToChild, ToParent } from '../../src/worker/messages.ts';
import { brightnessClassifier } from '../support/brightness-classifier.ts';
import { runnableEntry } from '../support/bundled-entry.ts';
import { scripted } from './fixtures/fake-tools.ts';

const source = new URL('./fixtures/looking-child.ts', import.meta.url);

/** A render process whose safety check looks at a preview, in a thread, for some 5 ms times `delays`. */
async function lookingProcess(delays: number): Promise<ChildProcess> {
  const { file, execArgv } = runnableEntry(source);
  const child = fork(fileURLToPath(file), [], {
    execArgv,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const send = (message: ToChild) => void child.send(message);
  const safety = { modelDir: brightnessClassifier({ delays }), threshold: 0.8 };
  send({ type: 'start', config: { modelDir: 'none', execution: { provider: 'cpu' }, safety } });
  const spec = { picture: scripted({}), settings: {}, fit: 'pad' as const };
  for await (const [message] of on(child, 'message') as AsyncIterable<[ToParent]>) {
    if (message.type === 'ready') send({ type: 'render', job: 1, spec, previewSeconds: 0 });
    if (message.type === 'progress' && message.progress.stage === 'encode-image') return child;
    if (message.type === 'failed' || message.type === 'failed-start') throw new Error(message.error.message);
  }
  throw new Error('It said nothing.');
}

it.each<[string, (child: ChildProcess) => void, number, number]>([
  ['it is told to shut down', (child) => child.send({ type: 'shutdown' } satisfies ToChild), 0, 60],
  ['its parent goes away', (child) => child.disconnect(), 0, 60],
  // Node first writes where it arose.
  ['an error is caught by nobody', (child) => child.send({ type: 'nothing of ours' }), 1, 150],
])('a process that looks at a preview ends with its usual code when %s', async (_, end, code, delays) => {
  const child = await lookingProcess(delays);
  // Those of a whole group are the parent's to act on.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) child.kill(signal);
  end(child);
  expect(await once(child, 'exit')).toEqual([code, null]);
});

it('a thread begins nothing more when its process ends, and nothing is waited for when it is gone', async () => {
  const before = process.listeners('exit');
  const gate = openExitGate();
  const [atExit] = process.listeners('exit').filter((listener) => !before.includes(listener));
  expect(await passGate(gate.shared, async () => 'a look')).toBe('a look');
  await expect(passGate(gate.shared, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  atExit?.(0);
  await expect(passGate(gate.shared, async () => 'a look')).rejects.toThrow(JobCancelledError);
  gate.remove();
  expect(process.listeners('exit')).toEqual(before);
});
