import { it } from 'vitest';
import type {
  Delivery,
  EngineWorker,
  Outcome,
  QueueEngine,
  TaskHandler,
  WorkerInfo,
} from '../../src/queue/engine/queue-engine.ts';

/** A worker of an engine under test. */
export interface TestWorker extends EngineWorker {
  /** From now on nothing of it is heard, although it goes on; left out where worker and owner are one process. */
  fallSilent?(): void;
  /** It is heard again. */
  comeBack?(): void;
}

/** What an engine under test can be put through; why it cannot, where it cannot. */
interface EngineAbilities {
  /** Its workers can fall silent without their owner. */
  silence: true | string;
  /** Its workers and tasks outlive their owner. */
  takeOver: true | string;
}

/** What {@link describeEngine} takes besides a name. */
export interface EngineSuite {
  open: () => Promise<EngineUnderTest>;
  abilities: EngineAbilities;
  /** Why nothing of it can run here. */
  skipReason?: string | undefined;
}

/** A test that is skipped, with the reason in its name, where the engine is not able to be put through it. */
export function itAble(ability: true | string): (name: string, test: () => Promise<void>) => void {
  return (name, test) => it.skipIf(ability !== true)(ability === true ? name : `${name} (${ability})`, test);
}

/** An engine under test, with nobody else in it. */
export interface EngineUnderTest {
  engine: QueueEngine;
  /** How long a worker may be silent. */
  silenceMs: number;
  serve(worker: WorkerInfo, handler: TaskHandler): Promise<TestWorker>;
  /** The engine of an owner that took the first one's place; left out where its tasks end with it. */
  takeOver?(): Promise<QueueEngine>;
  close(): Promise<void>;
}

/** A delivery that a test holds in its hand. */
export interface HeldDelivery extends Delivery {
  signal: AbortSignal;
  progress: Parameters<TaskHandler>[0]['progress'];
  end(outcome: Outcome): void;
}
