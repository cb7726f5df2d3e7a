import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { childEnvironment } from '../../src/worker/fork-child.ts';
import { runnableEntry } from '../../src/worker/runnable-entry.ts';
import { watchMemory } from '../side/watch-memory.ts';
import type { Perform, Performed, Task, TaskAnswers } from './tasks.ts';
import { watchCard } from './watch-card.ts';

/** A driver that hangs is given up after this long, in milliseconds. */
const patienceMs = 300_000;

/** Characters kept of what a process wrote before it died: all of what `describe` says of an error. */
const keptOutput = 2100;

/** Of a task of the kind `network` that is profiled: each kernel ends before the next begins, so that it is timed and not its start. */
const profiling = { CUDA_LAUNCH_BLOCKING: '1' };

/**
 * Performs tasks in processes of their own, as `kinora` starts its render processes: what one leaves in memory does not
 * count for the next, and a driver that crashes takes only one measure along.
 */
export function performInChildren(
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Perform {
  const isSource = import.meta.url.endsWith('.ts');
  const { file, execArgv } = runnableEntry(new URL(isSource ? './child.ts' : './child.js', import.meta.url));
  return async <Kind extends Task['kind']>(
    task: Extract<Task, { kind: Kind }>,
  ): Promise<Performed<TaskAnswers[Kind]>> => {
    signal.throwIfAborted();
    const isProfiled = 'profiled' in task && task.profiled === true;
    const card = await watchCard(environment);
    const startedMs = performance.now();
    const child = spawn(process.execPath, [...execArgv, fileURLToPath(file), JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...childEnvironment(environment), ...(isProfiled && profiling) },
    });
    const memory = watchMemory(child.pid);
    const stop = () => child.kill('SIGKILL');
    let isHung = false;
    const timer = setTimeout(() => {
      isHung = true;
      stop();
    }, patienceMs);
    signal.addEventListener('abort', stop);
    const output: string[] = [];
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-keptOutput);
    });
    const how = await new Promise<string | undefined>((answer) => {
      child.once('error', (error) => answer(error.message));
      child.once('close', (code, name) => answer(code === 0 ? undefined : (name ?? `exit code ${code}`)));
    });
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    const cardBytes = card.stop();
    const { peakRssBytes } = memory.stop();
    signal.throwIfAborted();
    if (how !== undefined) {
      const ending = isHung ? `gave no answer within ${patienceMs / 1000} s` : `ended with ${how}`;
      throw new Error(`The process ${ending}: ${stripVTControlCharacters(errors).trim()}`);
    }
    const answer = JSON.parse(output.join('').trim().split('\n').at(-1) ?? '') as TaskAnswers[Kind];
    return { answer, cardBytes, rssBytes: peakRssBytes, seconds: (performance.now() - startedMs) / 1000 };
  };
}
