import type { GraphTarget, Precision } from '../graph/target.ts';
import type { ConcreteProvider } from '../runtime/session.ts';
import type { NetworkRequest } from './build-network.ts';
import type { ModelConfigs } from './load-model.ts';

/** The precision that a provider works in where none is asked for: ONNX Runtime's CPU kernels know float32 only. */
export function defaultPrecision(provider: ConcreteProvider): Precision {
  return provider === 'cpu' ? 'float32' : 'float16';
}

/**
 * The form and precision of a network. As in diffusers, a VAE that says `force_upcast` encodes in float32 whatever the
 * precision of the rest; a decoder may be asked for in a precision of its own.
 */
export function networkTarget(request: NetworkRequest, { vae }: ModelConfigs, base: GraphTarget): GraphTarget {
  if (request.network === 'vae-encoder' && vae.force_upcast) return { ...base, precision: 'float32' };
  if (request.network === 'vae-decoder') return { ...base, precision: request.precision ?? base.precision };
  return base;
}
