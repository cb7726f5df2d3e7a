import type { Config } from '../../config/config.ts';
import { InferenceError } from '../../errors.ts';
import type { UnetProbe, UnetProbeRequest } from '../../inference/pipeline/probe-unet.ts';
import type { CudaGraph } from '../../inference/pipeline/types.ts';
import { executionSettings } from '../../settings/execution.ts';
import { describeError } from '../describe-error.ts';
import type { Finding } from './finding.ts';

type Provider = UnetProbeRequest['provider'];
type Precision = UnetProbeRequest['precision'];

/** What the check works with; tests put other answers in place of the probe. */
interface ProviderCheckOptions {
  /** The model whose UNet is run. */
  modelDir: string;
  execution: Config['execution'];
  probe: (request: UnetProbeRequest) => Promise<UnetProbe>;
}

/** The findings, and the provider that the bot would take. */
interface ProviderCheck {
  findings: Finding[];
  used: Provider;
}

/**
 * How far a provider may be from the CPU in float32, as the largest difference in standard deviations of the output:
 * float32 sums in another order; float16 keeps eleven bits through the whole network.
 */
export const allowedDifference: Readonly<Record<Precision, number>> = { float32: 1e-3, float16: 0.05 };

const gpus = ['cuda', 'webgpu'] as const;
const gpuPrecisions = ['float16', 'float32'] as const;

/** What a GPU is tried in: each precision, and on CUDA each form of the graph. */
function formsOf(gpu: (typeof gpus)[number]): { precision: Precision; cudaGraph?: CudaGraph }[] {
  if (gpu !== 'cuda') return gpuPrecisions.map((precision) => ({ precision }));
  const { names } = executionSettings.cudaGraph.type;
  return gpuPrecisions.flatMap((precision) => names.map((cudaGraph) => ({ precision, cudaGraph })));
}

/** Tries each provider by running a UNet on it, and holds it against the CPU. */
export async function checkProviders(options: ProviderCheckOptions): Promise<ProviderCheck> {
  const { modelDir, execution, probe } = options;
  const { threads } = execution;
  const attempt = async (
    provider: Provider,
    precision: Precision,
    cudaGraph?: CudaGraph,
  ): Promise<UnetProbe | InferenceError> => {
    try {
      return await probe({ modelDir, provider, precision, threads, ...(cudaGraph && { cudaGraph }) });
    } catch (error) {
      if (error instanceof InferenceError) return error;
      throw error;
    }
  };

  const cpu = await attempt('cpu', 'float32');
  const findings = [cpu instanceof InferenceError ? broken('cpu', cpu, true) : told('cpu float32', cpu)];
  const working = new Set<Provider>(cpu instanceof InferenceError ? [] : ['cpu']);
  const { cudaGraph: usedGraph = 'channels-last' } = execution;
  for (const gpu of gpus) {
    for (const { precision, cudaGraph } of formsOf(gpu)) {
      const result = await attempt(gpu, precision, cudaGraph);
      const isNamed = execution.provider === gpu;
      if (result instanceof InferenceError && result.code === 'provider-unavailable') {
        findings.push(broken(gpu, result, isNamed));
        break;
      }
      // What the bot would take must work, in the precision that it would be used in.
      const isTaken = isNamed || (execution.provider === 'auto' && gpu === 'cuda');
      const isOfUse = (execution.precision ?? 'float16') === precision && (cudaGraph ?? usedGraph) === usedGraph;
      const isWanted = isTaken && isOfUse;
      // The form that is not used has its name in the line.
      const name = [gpu, precision, ...(cudaGraph === undefined || cudaGraph === usedGraph ? [] : [cudaGraph])].join(
        ' ',
      );
      if (result instanceof InferenceError) {
        findings.push(broken(name, result, isWanted));
      } else {
        findings.push(compared(name, { result, cpu, allowed: allowedDifference[precision], isWanted }));
        working.add(gpu);
      }
    }
  }
  const automatic = working.has('cuda') ? 'cuda' : 'cpu';
  return { findings, used: execution.provider === 'auto' ? automatic : execution.provider };
}

function told(name: string, { callSeconds, loadSeconds }: UnetProbe): Finding {
  const text = `${milliseconds(callSeconds)} per call of a UNet of the demo model's size, loaded in ${milliseconds(loadSeconds)}`;
  return { check: name, verdict: 'ok', text, facts: { callSeconds, loadSeconds } };
}

function broken(name: string, error: InferenceError, isWanted: boolean): Finding {
  const reason = describeError(error, { withCauses: false });
  return { check: name, verdict: isWanted ? 'fails' : 'note', text: reason, facts: { code: error.code } };
}

function compared(
  name: string,
  {
    result,
    cpu,
    allowed: limit,
    isWanted,
  }: { result: UnetProbe; cpu: UnetProbe | InferenceError; allowed: number; isWanted: boolean },
): Finding {
  const plain = told(name, result);
  if (cpu instanceof InferenceError) return plain;
  const difference = largestDifference(result.output, cpu.output);
  const faster = cpu.callSeconds / result.callSeconds;
  const off = `differs from the CPU by ${difference.toPrecision(2)} of a standard deviation`;
  const facts = { ...plain.facts, difference, allowed: limit, timesCpuSpeed: faster };
  const agrees = difference <= limit;
  const text = `${off}${agrees ? '' : ` (at most ${limit} is right)`}; ${plain.text}, ${faster.toPrecision(2)} times the CPU's speed`;
  return { check: name, verdict: agrees ? 'ok' : isWanted ? 'fails' : 'note', text, facts };
}

/** max |a − b| in standard deviations of b; infinite where something is not finite. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length || !a.every(Number.isFinite)) return Number.POSITIVE_INFINITY;
  let [sum, squares, worst] = [0, 0, 0];
  for (const [at, value] of b.entries()) {
    sum += value;
    squares += value * value;
    worst = Math.max(worst, Math.abs((a[at] ?? 0) - value));
  }
  const mean = sum / b.length;
  return worst / Math.sqrt(squares / b.length - mean * mean);
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(seconds < 0.1 ? 1 : 0)} ms`;
}
