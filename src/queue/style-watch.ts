import type { HostFault } from '../storage/host-fault.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { QueueEngine } from './engine/queue-engine.ts';
import { canDraw, type StyledJob, styleNeeded } from './style-needs.ts';

/** Watches for jobs that wait for a style which nobody has who is there. */
export interface StyleWatch {
  /** From now on. */
  start(): void;
  /** Workers or jobs came or went. */
  look(): void;
  /** Nobody can draw what the job takes, and that for a while. */
  isStranded(job: StyledJob): boolean;
  /** Of each such style. */
  styleFaults(): HostFault[];
  stop(): void;
}

/** What {@link createStyleWatch} works with. */
export interface StyleWatchOptions {
  engine: Pick<QueueEngine, 'workers'>;
  /** The styles that jobs wait for. */
  wanted: () => Iterable<string>;
  clock: Clock;
  log: Log;
  /** A fault began or ended. */
  onChange: () => void;
}

/** As for workers that are missing altogether: hosts start anew, in any order. In milliseconds. */
const graceMs = 30_000;

/** One that has not been started. */
export function createStyleWatch({ engine, wanted, clock, log, onChange }: StyleWatchOptions): StyleWatch {
  /** Since when nobody has had them. */
  const missing = new Map<string, { sinceMs: number; isTold: boolean; cancelTimer: () => void }>();
  let isStarted = false;

  function missingNow(): Set<string> {
    const fit = engine.workers().filter(({ lane, unfit }) => lane === 'render' && unfit === undefined);
    // That nobody is there at all is told of by itself.
    if (fit.length === 0) return new Set(missing.keys());
    return new Set([...wanted()].filter((style) => !fit.some((worker) => canDraw(worker, style))));
  }

  function tell(style: string): void {
    const found = missing.get(style);
    if (found === undefined) return;
    found.isTold = true;
    log.error({ code: 'style-missing', style }, 'no worker that is there has a style: the clips that take it wait');
    onChange();
  }

  function look(): void {
    if (!isStarted) return;
    const now = missingNow();
    for (const style of now) {
      if (missing.has(style)) continue;
      const cancelTimer = clock.after(graceMs, () => tell(style));
      missing.set(style, { sinceMs: clock.now(), isTold: false, cancelTimer });
    }
    for (const [style, { isTold, cancelTimer }] of missing) {
      if (now.has(style)) continue;
      cancelTimer();
      missing.delete(style);
      if (!isTold) continue;
      log.info({ style }, 'nobody waits any more for a style that no worker has');
      onChange();
    }
  }

  return {
    look,
    start() {
      isStarted = true;
      look();
    },
    isStranded(job) {
      const style = styleNeeded(job);
      return style !== undefined && missing.get(style)?.isTold === true;
    },
    styleFaults: () =>
      [...missing].flatMap(([style, { sinceMs, isTold }]) => {
        const message = `No worker that is connected has the style ${style}. Copy STYLE_DIR from the bot to one.`;
        return isTold ? [{ code: 'style-missing', message, sinceMs }] : [];
      }),
    stop() {
      isStarted = false;
      for (const { cancelTimer } of missing.values()) cancelTimer();
    },
  };
}
