import type { NetworkRequest } from '../../src/inference/pipeline/build-network.ts';
import type { CheckpointName } from '../../src/inference/pipeline/open-checkpoint.ts';
import type { CudaGraph } from '../../src/inference/pipeline/types.ts';

/** A provider that is measured. */
export type BenchProvider = 'cuda' | 'cpu';

/** A network in one form. */
export interface NetworkForm {
  provider: BenchProvider;
  precision: 'float16' | 'float32';
  cudaGraph?: CudaGraph;
}

/** Finds out whether a provider works here at all. */
interface ProviderTask {
  kind: 'provider';
  provider: BenchProvider;
}

/** Writes a network's random weights. */
interface WeightsTask {
  kind: 'weights';
  folder: string;
  name: CheckpointName;
}

/** Loads a network and calls it. */
export interface NetworkTask extends NetworkForm {
  kind: 'network';
  modelDir: string;
  request: NetworkRequest;
  /** A file that the inputs are read from; noise is written there where it is not. */
  inputs: string;
  /** A file for what was computed; left out, only its mean and deviation are told. */
  outputs?: string;
  /** Calls that are timed after the first. */
  calls: number;
  /** Adds up the time of each operator. */
  profiled?: boolean;
}

/** What is done in a process of its own. */
export type Task = ProviderTask | WeightsTask | NetworkTask;

/** Time of all operators of a type, in a call. */
export interface OperatorTime {
  opType: string;
  count: number;
  seconds: number;
}

/** How a network's calls went, in seconds. */
export interface NetworkRun {
  /** From the start of the process until the network was loaded. */
  readySeconds: number;
  /** The first call, which may still choose kernels. */
  firstSeconds: number;
  /** The calls after it. */
  seconds: number[];
  /** Of what the last call gave. */
  output: { values: number; nonFinite: number; mean: number; std: number };
  /** By time, the longest first. */
  operators?: OperatorTime[];
}

/** What each task answers with. */
export interface TaskAnswers {
  provider: { provider: string };
  weights: { tensors: number; bytes: number };
  network: NetworkRun;
}

/** How a task went in its process. */
export interface Performed<Answer> {
  answer: Answer;
  /** Of the card's memory, over what was taken before the process began; undefined without nvidia-smi. */
  cardBytes?: number | undefined;
  /** Resident memory of the process at its peak. */
  rssBytes: number;
  /** Of the whole process. */
  seconds: number;
}

/** Performs a task. */
export type Perform = <Kind extends Task['kind']>(
  task: Extract<Task, { kind: Kind }>,
) => Promise<Performed<TaskAnswers[Kind]>>;
