import { env, InferenceSession } from 'onnxruntime-node';
import { InferenceError } from '../../errors.ts';
import { encodeModel } from '../onnx/encode-model.ts';
import type { ConcreteProvider } from './session.ts';

/** What a provider needs, shown where it was asked for and does not work. */
const needs: Readonly<Record<ConcreteProvider, string>> = {
  cuda: 'It needs Linux on x64, an NVIDIA card with its driver, and the libraries that `npm run setup:cuda` brings.',
  webgpu: 'It needs a graphics card with a driver for Vulkan, Direct3D 12 or Metal.',
  cpu: 'It needs nothing: the installation is broken.',
};

/** What `auto` tries, best first. */
const automatic: readonly ConcreteProvider[] = ['cuda', 'cpu'];

/**
 * Finds the provider to run on. A provider asked for by name is used or refused, never exchanged for another; `auto`
 * takes the first of cuda and cpu that works.
 * @param log gets a line when a provider is passed over, with the reason
 * @throws InferenceError the provider asked for does not work here; the cause says why
 */
export async function chooseProvider(
  wanted: ConcreteProvider | 'auto',
  log: (message: string) => void,
): Promise<ConcreteProvider> {
  if (wanted !== 'auto') {
    await probe(wanted);
    return wanted;
  }
  for (const provider of automatic) {
    try {
      await probe(provider);
      return provider;
    } catch (error) {
      log(`${error instanceof InferenceError ? error.message : String(error)} It is passed over.`);
    }
  }
  throw new InferenceError('provider-none', `None of ${automatic.join(', ')} works on this machine.`, {
    scope: 'host',
  });
}

/**
 * Makes a session of one addition on a provider. ONNX Runtime quietly gives nodes that a provider lacks to the CPU, and
 * ignores providers that it does not know; forbidding that fallback makes both fail here.
 */
async function probe(provider: ConcreteProvider): Promise<void> {
  const shape = [2];
  const model = encodeModel({
    name: 'probe',
    nodes: [{ name: 'add', opType: 'Add', domain: '', inputs: ['x', 'x'], outputs: ['y'], attributes: {} }],
    initializers: [],
    inputs: [{ name: 'x', dataType: 'float32', shape }],
    outputs: [{ name: 'y', dataType: 'float32', shape }],
  });
  const fallback: Record<string, string> = provider === 'cpu' ? {} : { disable_cpu_ep_fallback: '1' };
  // A provider whose library is absent would be reported on stderr besides, in red; the error below says it.
  env.logLevel = 'fatal';
  try {
    const session = await InferenceSession.create(model, {
      executionProviders: [provider],
      logSeverityLevel: 4,
      extra: { session: fallback },
    });
    await session.release();
  } catch (cause) {
    const message = `Provider ${provider} does not work here: ${reason(cause)} ${needs[provider]}`;
    throw new InferenceError('provider-unavailable', message, { cause, scope: 'host' });
  }
}

/** What to do about the commonest failures of CUDA, by its numbers (driver_types.h, cudaError). */
const cudaAdvice: Readonly<Record<string, string>> = {
  35: "NVIDIA's driver is too old for CUDA 13: it takes 580 or newer.",
  100: 'There is no CUDA device.',
};

/** The first line of ONNX Runtime's message, without the place in its source and the condition that failed. */
function reason(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  // CUDA's own words stand amid ONNX Runtime's places in its source.
  const [, number = '', failure] = /CUDA failure (\d+): (.*?)\s*;/.exec(line) ?? [];
  if (failure !== undefined) return `CUDA failure ${number}: ${failure}. ${cudaAdvice[number] ?? ''}`.trim();
  const said = line.replace(/^.*\bwas false\. /, '').trim();
  return said.endsWith('.') ? said : `${said}.`;
}
