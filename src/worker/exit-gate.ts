import { JobCancelledError } from '../errors.ts';

/** What the shared number says. */
const [free, busy, shut] = [0, 1, 2];

/** A process that ends waits so long at most; a look at a picture takes a second or two. */
const mostMs = 60_000;

/** The process's end of a gate; one thread has the other. */
export interface ExitGate {
  /** For the thread, see {@link passGate}. */
  readonly shared: Int32Array;
  /** The thread is gone: nothing is to be waited for any more. */
  remove(): void;
}

/**
 * Makes this process wait, whenever it ends, until one of its threads has left ONNX Runtime, which the thread may not enter
 * again. Node ends all threads at its exit, and a thread that comes back from ONNX Runtime then finds no JavaScript to go on
 * with: the whole process is aborted. Holds for `process.exit()`, an uncaught error, and an event loop with nothing left to do.
 */
export function openExitGate(): ExitGate {
  const shared = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  // No event is handled at the exit, so the thread is waited for here.
  const close = () => {
    while (Atomics.compareExchange(shared, 0, free, shut) === busy) {
      if (Atomics.wait(shared, 0, busy, mostMs) === 'timed-out') return;
    }
  };
  process.on('exit', close);
  return { shared, remove: () => void process.off('exit', close) };
}

/**
 * Does what the process's exit waits for: loading ONNX Runtime, and whatever calls it. In the thread, once at a time.
 * @throws JobCancelledError the process ends: nothing was begun
 */
export async function passGate<T>(shared: Int32Array, work: () => Promise<T>): Promise<T> {
  if (Atomics.compareExchange(shared, 0, free, busy) !== free) throw new JobCancelledError('The process ends.');
  try {
    return await work();
  } finally {
    Atomics.store(shared, 0, free);
    Atomics.notify(shared, 0);
  }
}

/** Whether the thread is behind the gate. */
export function isPassed(shared: Int32Array): boolean {
  return Atomics.load(shared, 0) === busy;
}
