import type { RenderStage } from '../../src/settings/clip.ts';

// What passes between a worker of tests (fixtures/worker-process.ts) and whoever started it.

/**
 * Where an attempt may be harmed: in a stage, when the bot has taken a state of it, while its clip goes to the bot, or when
 * the bot has taken the clip.
 */
export type Moment = RenderStage | 'checkpoint' | 'upload' | 'handed-in';

/** The moments that every job comes to, in order. */
export const moments: readonly Moment[] = [
  'prepare',
  'encode-image',
  'denoise',
  'decode',
  'encode-video',
  'upload',
  'handed-in',
];

/**
 * To a worker: to be killed, or to stand still, when it comes there with a job that is not spared; or with no signal, that
 * its render process alone is to stand still.
 */
export interface WorkerOrder {
  at: Moment;
  signal: 'SIGKILL' | 'SIGSTOP' | 'none';
  /** Ids of jobs; or all jobs that somebody has had before. */
  spare: readonly string[] | 'begun';
}

/** From a worker. */
export type WorkerNews =
  | { type: 'claimed' | 'handed-in'; jobId: string }
  | { type: 'progress'; jobId: string; stage: RenderStage; step: number }
  /** It is about to be killed, or to stand still. */
  | { type: 'harmed'; jobId: string; moment: Moment };
