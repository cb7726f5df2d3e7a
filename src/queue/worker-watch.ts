import type { HostFault } from '../storage/host-fault.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { QueueEngine } from './engine/queue-engine.ts';
import { createStyleWatch, type StyleWatch, type StyleWatchOptions } from './style-watch.ts';

/** What {@link createWorkerWatch} works with. */
export interface WorkerWatchOptions {
  engine: Pick<QueueEngine, 'workers'>;
  clock: Clock;
  log: Log;
  /** The fault began, changed or ended. */
  onChange: () => void;
}

/** Watches whether there is anybody who makes clips. */
export interface WorkerWatch {
  /** From now on. */
  start(): void;
  /** Workers came or went. */
  look(): void;
  /** Nobody renders; undefined while somebody may, and for a while after the last one went. */
  fault(): HostFault | undefined;
  stop(): void;
}

/** Hosts start anew, and the bot and its workers start in any order: for so long nobody is told. In milliseconds. */
const graceMs = 30_000;

/** One that has not been started. */
export function createWorkerWatch({ engine, clock, log, onChange }: WorkerWatchOptions): WorkerWatch {
  let isStarted = false;
  let isWaiting = false;
  let fault: HostFault | undefined;
  let cancelTimer = () => {};

  const renderers = () => engine.workers().filter(({ lane }) => lane === 'render');

  function describe(): Pick<HostFault, 'code' | 'message'> {
    const unfit = renderers().map(({ name, unfit }) => `${name}: ${unfit}`);
    if (unfit.length > 0) {
      return { code: 'workers-unfit', message: `No worker makes this bot's clips. ${unfit.slice(0, 3).join('; ')}.` };
    }
    const message = 'No worker is connected. Start `kinora worker` on a host with the bot’s QUEUE_URL.';
    return { code: 'workers-missing', message };
  }

  function tell(): void {
    isWaiting = false;
    const before = fault?.message;
    fault = { ...describe(), sinceMs: fault?.sinceMs ?? clock.now() - graceMs };
    if (fault.message === before) return;
    if (before === undefined) log.error({ code: fault.code, reason: fault.message }, 'nobody makes clips: they wait');
    onChange();
  }

  function end(): void {
    cancelTimer();
    isWaiting = false;
    if (fault === undefined) return;
    log.info({ ms: clock.now() - fault.sinceMs }, 'there is somebody again who makes clips');
    fault = undefined;
    onChange();
  }

  function look(): void {
    if (!isStarted) return;
    if (renderers().some(({ unfit }) => unfit === undefined)) end();
    else if (fault !== undefined) tell();
    else if (!isWaiting) {
      isWaiting = true;
      cancelTimer = clock.after(graceMs, tell);
    }
  }

  return {
    look,
    fault: () => fault,
    start() {
      isStarted = true;
      look();
    },
    stop() {
      isStarted = false;
      cancelTimer();
    },
  };
}

/** Watches whether there is somebody for every job that waits. */
export interface Watches extends WorkerWatch, Pick<StyleWatch, 'styleFaults' | 'isStranded'> {}

/** Both watches, which start and stop together. */
export function createWatches(options: StyleWatchOptions): Watches {
  const [workers, styles] = [createWorkerWatch(options), createStyleWatch(options)];
  const both = (act: 'start' | 'look' | 'stop') => () => {
    workers[act]();
    styles[act]();
  };
  const { fault } = workers;
  const { styleFaults, isStranded } = styles;
  return { start: both('start'), look: both('look'), stop: both('stop'), fault, styleFaults, isStranded };
}
