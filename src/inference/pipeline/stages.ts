import { InferenceError } from '../../errors.ts';
import { pipelineStages } from '../../settings/clip.ts';
import type { StagePosition } from './guard-networks.ts';
import type { PipelineProgress, PipelineStage } from './types.ts';

/** Times the stages of one run and words its progress. */
export interface StageClock {
  /** Begins a stage, ending the one before; `done` of its steps were done in an earlier run. */
  begin(stage: PipelineStage, steps: number, done?: number): PipelineProgress;
  /** One step of the current stage is done. */
  stepDone(): PipelineProgress;
  /** The step that is being worked at; undefined between stages. */
  position(): StagePosition | undefined;
  /** What each stage took so far. */
  seconds(): Record<PipelineStage, number>;
  /** Ends the run. */
  finish(): Record<PipelineStage, number>;
}

/**
 * @param now milliseconds, monotonic
 * @param earlier what stages took in an earlier run that this one goes on from
 */
export function stageClock(now: () => number, earlier: Partial<Record<PipelineStage, number>> = {}): StageClock {
  const ended = Object.fromEntries(pipelineStages.map((stage) => [stage, earlier[stage] ?? 0])) as Record<
    PipelineStage,
    number
  >;
  let current: { stage: PipelineStage; steps: number; done: number; startedMs: number } | undefined;

  function secondsOf(stage: PipelineStage): number {
    return ended[stage] + (current?.stage === stage ? (now() - current.startedMs) / 1000 : 0);
  }

  function end(): void {
    if (current !== undefined) ended[current.stage] = secondsOf(current.stage);
    current = undefined;
  }

  function progress(): PipelineProgress {
    if (current === undefined) throw new InferenceError('stage-none', 'No stage has begun.');
    const { stage, done, steps } = current;
    return { stage, step: done, steps, secondsPerStep: done === 0 ? undefined : secondsOf(stage) / done };
  }

  return {
    begin(stage, steps, done = 0) {
      end();
      current = { stage, steps, done, startedMs: now() };
      return progress();
    },
    stepDone() {
      if (current !== undefined) current.done++;
      return progress();
    },
    seconds: () =>
      Object.fromEntries(pipelineStages.map((stage) => [stage, secondsOf(stage)])) as Record<PipelineStage, number>,
    position() {
      if (current === undefined) return undefined;
      const { stage, done, steps } = current;
      return { stage, step: Math.min(done + 1, steps), steps };
    },
    finish() {
      end();
      return ended;
    },
  };
}
