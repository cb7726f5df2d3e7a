import { InferenceError } from '../../errors.ts';
import type { StagePosition } from './require-finite.ts';
import type { PipelineProgress, PipelineStage } from './types.ts';

const stages: readonly PipelineStage[] = ['prepare', 'encode-image', 'denoise', 'decode'];

/** Times the stages of one run and words its progress. */
export interface StageClock {
  /** Begins a stage, ending the one before. */
  begin(stage: PipelineStage, steps: number): PipelineProgress;
  /** One step of the current stage is done. */
  stepDone(): PipelineProgress;
  /** The step that is being worked at; undefined between stages. */
  position(): StagePosition | undefined;
  /** Ends the run. */
  finish(): Record<PipelineStage, number>;
}

/** @param now milliseconds, monotonic */
export function stageClock(now: () => number): StageClock {
  const seconds = Object.fromEntries(stages.map((stage) => [stage, 0])) as Record<PipelineStage, number>;
  let current:
    | { stage: PipelineStage; steps: number; done: number; startedMs: number; firstStepMs: number }
    | undefined;

  function end(): void {
    if (current !== undefined) seconds[current.stage] += (now() - current.startedMs) / 1000;
    current = undefined;
  }

  return {
    begin(stage, steps) {
      end();
      current = { stage, steps, done: 0, startedMs: now(), firstStepMs: now() };
      return { stage, step: 0, steps, secondsPerStep: undefined };
    },
    stepDone() {
      if (current === undefined) throw new InferenceError('stage-none', 'No stage has begun.');
      current.done++;
      const secondsPerStep = (now() - current.firstStepMs) / 1000 / current.done;
      return { stage: current.stage, step: current.done, steps: current.steps, secondsPerStep };
    },
    position() {
      if (current === undefined) return undefined;
      const { stage, done, steps } = current;
      return { stage, step: Math.min(done + 1, steps), steps };
    },
    finish() {
      end();
      return seconds;
    },
  };
}
