import { JobCancelledError } from '../errors.ts';
import { dieWithParent } from './die-with-parent.ts';
import { makeClip } from './make-clip.ts';
import { parseToChild, type ToChild, type ToParent, type WorkerConfig } from './messages.ts';
import type { RenderTools } from './render-tools.ts';
import { toWireError } from './wire-error.ts';

/** Opens the tools of one render process: reads the model's configs, finds provider and ffmpeg. Called once, at the start. */
export type OpenTools = (engine: WorkerConfig, log: (message: string) => void) => Promise<RenderTools>;

/**
 * The life of a render process: answers the parent's messages until the parent goes away, then exits at once, whatever
 * is running. Signals meant for the whole group (Ctrl-C, a service being stopped) are the parent's to act on.
 */
export function workerMain(openTools: OpenTools): void {
  if (process.send === undefined) throw new Error('This file is started by the renderer, with a channel to it.');
  /** Resolves when the message is on its way. A broken channel is no news here: `disconnect` ends this process. */
  const tell = (message: ToParent) =>
    new Promise<void>((resolve) => {
      process.send?.(message, undefined, {}, () => resolve());
    });
  const log = (message: string) => void tell({ type: 'log', message: message.slice(0, 10_000) });
  let tools: RenderTools | undefined;
  let running: { job: number; cancel: AbortController } | undefined;

  process.on('disconnect', () => process.exit(0));
  dieWithParent();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});
  process.on('message', (raw) => {
    // A message that is not understood ends the process: parent and child are not of one version.
    handle(parseToChild(raw));
  });

  function handle(message: ToChild): void {
    if (message.type === 'start') {
      void start(message.engine);
    } else if (message.type === 'leave') {
      process.exit(0);
    } else if (message.type === 'cancel') {
      if (running?.job === message.job) running.cancel.abort(new JobCancelledError());
    } else {
      void renderJob(message);
    }
  }

  /** A process that could not open its tools waits to be ended: another one tries again. */
  async function start(engine: WorkerConfig): Promise<void> {
    try {
      tools = await openTools(engine, log);
      void tell({ type: 'ready' });
    } catch (error) {
      void tell({ type: 'failed-start', error: toWireError(error) });
    }
  }

  async function renderJob({ job, spec, checkpointSeconds }: Extract<ToChild, { type: 'render' }>): Promise<void> {
    const cancel = new AbortController();
    running = { job, cancel };
    try {
      if (tools === undefined) throw new Error('A job came before the tools were open.');
      const clip = await makeClip(tools, spec, {
        signal: cancel.signal,
        onProgress: (progress) => void tell({ type: 'progress', job, progress }),
        log,
        ...(checkpointSeconds !== undefined && {
          // Waited for: a step that follows would hold up for minutes what has not been written by then.
          checkpoints: { everySeconds: checkpointSeconds, hand: (bytes) => tell({ type: 'checkpoint', job, bytes }) },
        }),
      });
      running = undefined;
      void tell({ type: 'done', job, clip });
    } catch (cause) {
      running = undefined;
      // What breaks because a job was called off is no fault.
      const cancelled = cancel.signal.aborted && !(cause instanceof JobCancelledError);
      void tell({
        type: 'failed',
        job,
        error: toWireError(cancelled ? new JobCancelledError(undefined, { cause }) : cause),
      });
    }
  }
}
