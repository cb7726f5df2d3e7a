import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Signal, signalRenderProcesses } from './signal-processes.ts';
import type { WorkerNews, WorkerOrder } from './worker-messages.ts';

/** A process that makes clips for a bot, as on a host of its own. */
export interface WorkerHost {
  name: string;
  child: ChildProcess;
  /** Lines of its log. */
  lines: string[];
  ended: Promise<unknown>;
  /** It takes jobs. Rejects where it ends before. */
  ready: Promise<unknown>;
  /** The next news for which that holds. */
  next(predicate: (news: WorkerNews) => boolean): Promise<WorkerNews>;
  /** The first such news since its start. */
  first(predicate: (news: WorkerNews) => boolean): Promise<WorkerNews>;
  order(order: WorkerOrder): void;
  /** Signals the worker alone. */
  kill(signal: Signal): void;
  /** Signals its render process too, as a host does that fails. */
  killAll(signal: Signal): void;
  /** Signals its render process alone. */
  killRender(signal: Signal): void;
}

/** What {@link startWorkerHost} works with. */
export interface WorkerHostOptions {
  name: string;
  /** What Node runs: fixtures/worker-process.ts, or what was made of it, with its arguments. */
  run: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
  onNews?: (news: WorkerNews) => void;
  onLine?: (line: string) => void;
}

/** Starts a worker. */
export function startWorkerHost({ name, run, environment, onNews, onLine }: WorkerHostOptions): WorkerHost {
  const child = spawn(process.execPath, run, {
    env: {
      WORKER_NAME: name,
      DEVICES: 'cpu',
      THREADS: '1',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
      CHECKPOINT_SECONDS: '1',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const lines: string[] = [];
  const news: WorkerNews[] = [];
  const waiting = new Set<(latest: WorkerNews) => void>();
  let becomeReady = () => {};
  const ready = new Promise<void>((resolve, reject) => {
    becomeReady = resolve;
    void ended.then(() =>
      reject(new Error(`The worker ${name} ended before it was ready: ${lines.slice(-3).join('\n')}`)),
    );
  });
  // Whoever waits for it gets the error.
  ready.catch(() => {});
  createInterface(child.stdout!).on('line', (line) => {
    lines.push(line);
    onLine?.(line);
    if (line.includes('making clips for a bot')) becomeReady();
  });
  child.on('message', (message) => {
    const latest = message as WorkerNews;
    news.push(latest);
    for (const look of waiting) look(latest);
    onNews?.(latest);
  });
  const next: WorkerHost['next'] = (predicate) =>
    new Promise((resolve) => {
      waiting.add(function look(latest) {
        if (!predicate(latest)) return;
        waiting.delete(look);
        resolve(latest);
      });
    });
  return {
    name,
    child,
    lines,
    ended,
    ready,
    next,
    first: async (predicate) => news.find(predicate) ?? next(predicate),
    order: (order) => void child.send(order),
    killRender: (signal) => signalRenderProcesses(child.pid!, signal),
    kill: (signal) => void child.kill(signal),
    killAll(signal) {
      // First it: it is not to see its render process die.
      if (signal === 'SIGKILL') child.kill('SIGSTOP');
      signalRenderProcesses(child.pid!, signal);
      child.kill(signal);
    },
  };
}
