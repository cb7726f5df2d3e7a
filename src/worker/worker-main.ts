import { JobCancelledError } from '../errors.ts';
import { dieWithParent } from './die-with-parent.ts';
import { createChannelReceiver, createChannelSender } from './large-messages.ts';
import { makeClip } from './make-clip.ts';
import { parseToChild, type ToChild, type ToParent, type WorkerConfig } from './messages.ts';
import type { RenderTools } from './render-tools.ts';
import { toWireError } from './wire-error.ts';

/** Opens the tools of one render process: reads the model's configs, finds provider and ffmpeg. Called once, at the start. */
export type OpenTools = (config: WorkerConfig, log: (message: string) => void) => Promise<RenderTools>;

/**
 * The life of a render process: answers the parent's messages until the parent goes away, then exits at once, whatever
 * is running. Signals meant for the whole group (Ctrl-C, a service being stopped) are the parent's to act on.
 */
export function workerMain(openTools: OpenTools): void {
  if (process.send === undefined) throw new Error('This file is started by the renderer, with a channel to it.');
  /** Resolves when the message is on its way. A broken channel is no news here: `disconnect` ends this process. */
  const sendToParent = createChannelSender((message, done) => process.send?.(message, undefined, {}, done));
  const send = (message: ToParent) => sendToParent(message).catch(() => {});
  const log = (message: string) => void send({ type: 'log', message: message.slice(0, 10_000) });
  let tools: RenderTools | undefined;
  let running: { job: number; abort: AbortController } | undefined;

  process.on('disconnect', () => process.exit(0));
  dieWithParent();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});
  const receive = createChannelReceiver((raw) => {
    // A message that is not understood ends the process: parent and child are not of one version.
    const message = parseToChild(raw);
    switch (message.type) {
      case 'start':
        return void start(message.config);
      case 'render':
        return void render(message);
      case 'cancel':
        return running?.job === message.job ? running.abort.abort(new JobCancelledError()) : undefined;
      case 'shutdown':
        return process.exit(0);
    }
  });
  process.on('message', receive);

  /** A process that could not open its tools waits to be ended: another one tries again. */
  async function start(config: WorkerConfig): Promise<void> {
    try {
      tools = await openTools(config, log);
      void send({ type: 'ready' });
    } catch (error) {
      void send({ type: 'failed-start', error: toWireError(error) });
    }
  }

  async function render({
    job,
    spec,
    checkpointSeconds,
    previewSeconds,
  }: Extract<ToChild, { type: 'render' }>): Promise<void> {
    const abort = new AbortController();
    running = { job, abort };
    try {
      if (tools === undefined) throw new Error('A job came before the tools were open.');
      const clip = await makeClip(tools, spec, {
        signal: abort.signal,
        onProgress: (progress) => void send({ type: 'progress', job, progress }),
        log,
        ...(checkpointSeconds !== undefined && {
          // Waited for: a step that follows would hold up for minutes what has not been written by then.
          checkpoints: { everySeconds: checkpointSeconds, hand: (bytes) => send({ type: 'checkpoint', job, bytes }) },
        }),
        ...(previewSeconds !== undefined && {
          previews: { everySeconds: previewSeconds, hand: (bytes) => void send({ type: 'preview', job, bytes }) },
        }),
      });
      running = undefined;
      void send({ type: 'done', job, clip });
    } catch (error) {
      running = undefined;
      void send({ type: 'failed', job, error: toWireError(error) });
    }
  }
}
