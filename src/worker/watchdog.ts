import { readFileSync } from 'node:fs';
import type { Clock } from '../util/clock.ts';
import type { ExpectedSeconds, RenderProgress } from './types.ts';

/** What the present step may take. */
export interface StepExpectation {
  /** Undefined: nobody knows. */
  seconds: number | undefined;
  /** Whether this very job measured it; else a busy process is given more time. */
  isMeasured: boolean;
}

/** What {@link watch} works with. */
interface WatchdogOptions {
  clock: Clock;
  /** A step is given this long, whatever is expected of it. */
  stallSeconds: number;
  /** The processor time that the process has used so far; undefined where the system does not tell. */
  processorSeconds: () => number | undefined;
  /** Called once, with how long nothing has happened. */
  onStall: (seconds: number) => void;
}

/** Watches over one process until it is stopped. */
export interface Watchdog {
  /** A step was done; the next one is expected to take so long. */
  progress(next: StepExpectation): void;
  /** Whether half of the time is over after which `onStall` is called; false once it was stopped. */
  isLate(): boolean;
  stop(): void;
}

/** A step may take this many times what is expected of it. */
const patience = 10;

/**
 * A process that uses its processor is given this many times `stallSeconds` where nothing was measured: the first step
 * of SVD XT takes up to 40 minutes on a small CPU.
 */
const busyPatience = 12;

/**
 * The share of a processor from which on a process counts as busy. One that hangs in a driver still uses 0.3 %, for the
 * thread that looks for its parent; reading weights at 10 MB/s takes 1 %.
 */
const busyShare = 0.01;

/** Times are told in hundredths of a second: a smaller difference than two of them says nothing. */
const smallestBusySeconds = 0.02;

/**
 * Calls `onStall` when a process has made no progress for ten times what the present step should take, at least
 * `stallSeconds`. Where the job has not measured the step itself, only time in which the process uses no processor is
 * counted so strictly; one that computes is given at least twelve times `stallSeconds`.
 */
export function watch({ clock, stallSeconds, processorSeconds, onStall }: WatchdogOptions): Watchdog {
  const intervalMs = Math.min(30_000, Math.max(1000, stallSeconds * 100));
  let limitsMs = limits({ seconds: undefined, isMeasured: false });
  /** Since the last progress, and since it was last seen to use the processor. */
  let waitedMs = 0;
  let idleMs = 0;
  let used: number | undefined;
  let lookedAtMs = 0;
  let cancelTimer = () => {};

  function limits({ seconds = 0, isMeasured }: StepExpectation) {
    const idle = Math.max(patience * seconds, stallSeconds) * 1000;
    return { idle, busy: isMeasured ? idle : Math.max(idle, busyPatience * stallSeconds * 1000) };
  }

  function lookLater(): void {
    used = processorSeconds();
    lookedAtMs = clock.now();
    const plannedMs = Math.max(1, Math.min(intervalMs, limitsMs.idle - idleMs, limitsMs.busy - waitedMs));
    cancelTimer = clock.after(plannedMs, () => look(plannedMs));
  }

  function look(plannedMs: number): void {
    // The clock may be set, and a machine may sleep: no more is believed than about what was planned.
    const elapsedMs = Math.min(2 * plannedMs, Math.max(plannedMs, clock.now() - lookedAtMs));
    const nowUsed = processorSeconds();
    const difference = used === undefined || nowUsed === undefined ? Number.POSITIVE_INFINITY : nowUsed - used;
    // Less than before: a process that it had started is gone, which is progress of a kind.
    const isBusy = difference < 0 || difference > Math.max(smallestBusySeconds, (busyShare * elapsedMs) / 1000);
    waitedMs += elapsedMs;
    idleMs = isBusy ? 0 : idleMs + elapsedMs;
    if (idleMs < limitsMs.idle && waitedMs < limitsMs.busy) lookLater();
    else onStall(Math.round(waitedMs / 1000));
  }

  lookLater();
  return {
    progress(next) {
      cancelTimer();
      limitsMs = limits(next);
      waitedMs = 0;
      idleMs = 0;
      lookLater();
    },
    isLate: () => idleMs >= limitsMs.idle / 2 || waitedMs >= limitsMs.busy / 2,
    stop() {
      cancelTimer();
      waitedMs = 0;
      idleMs = 0;
    },
  };
}

/**
 * What the step after this news may take: what the job measured, where the stage has had a step like it, else what is
 * known of such renders. A stage's first step loads its network besides.
 * @param before the news before this one
 */
export function expectStep(
  { stage, step, steps, secondsPerStep }: RenderProgress,
  before: RenderProgress | undefined,
  expected: ExpectedSeconds | undefined,
): StepExpectation {
  const hasLikeSteps =
    (stage === 'denoise' || stage === 'decode' || stage === 'upscale') && before?.stage === stage && step < steps;
  if (hasLikeSteps && secondsPerStep !== undefined) return { seconds: secondsPerStep, isMeasured: true };
  return { seconds: expected && knownSeconds(stage, expected), isMeasured: false };
}

function knownSeconds(
  stage: RenderProgress['stage'],
  { secondsBefore, secondsPerStep, secondsAfter }: ExpectedSeconds,
): number {
  if (stage === 'prepare' || stage === 'encode-image') return secondsBefore;
  return stage === 'denoise' ? secondsBefore + secondsPerStep : secondsAfter;
}

/** Linux counts processor time for programs in hundredths of a second, whatever the kernel's own clock is. */
const ticksPerSecond = 100;

/** Fields of /proc/<pid>/stat after the name: user and system time, and those of children that have ended. */
const timeFields = { from: 11, to: 15 };

/**
 * The processor time, in seconds, that a process and those it started (ffmpeg) have used so far.
 * @returns undefined where the system does not tell (it has no /proc, or none that names children), or there is no such
 *   process
 */
export function processorSeconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name stands in brackets and may hold brackets and spaces itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(timeFields.from, timeFields.to).reduce((sum, field) => sum + Number(field), 0);
    // Those that its main thread started, which is the one that Node starts processes from.
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
    return children.reduce((sum, child) => sum + (processorSeconds(Number(child)) ?? 0), ticks / ticksPerSecond);
  } catch {
    return undefined;
  }
}
