import type { GraphBuilder } from '../graph/graph-builder.ts';
import { concat, multiply, reshape } from '../graph/ops.ts';
import { elementCount, type Value } from '../graph/value.ts';
import { silu } from './activations.ts';
import { linear } from './layers.ts';

const maxPeriod = 10_000;

/** Angular frequencies of diffusers `get_timestep_embedding` with `downscale_freq_shift=0`, float32. */
function frequencies(channels: number): Float32Array {
  const half = Math.floor(channels / 2);
  return Float32Array.from({ length: half }, (_, i) => Math.exp(Math.fround((-Math.log(maxPeriod) * i) / half)));
}

/**
 * diffusers `Timesteps(channels, flip_sin_to_cos=True, downscale_freq_shift=0)`: [n] -> [n, channels], cosines first.
 * Always in float32, as there: a timestep of 961 has no exact phase in half precision.
 */
export function timesteps(graph: GraphBuilder, x: Value, channels: number): Value {
  const count = elementCount(x.shape);
  const column = reshape(graph, graph.cast(x, 'float32'), [count, 1]);
  const half = Math.floor(channels / 2);
  const phase = multiply(graph, column, graph.constant(frequencies(channels), [1, half], 'float32')); // [n, half]
  const embedding = concat(graph, [graph.op('Cos', [phase]), graph.op('Sin', [phase])], 1);
  return graph.cast(embedding, graph.target.precision);
}

/** The same for the numbers 0…count−1, which are known beforehand: [count, channels]. */
export function frameTimesteps(graph: GraphBuilder, count: number, channels: number): Value {
  const table = frequencies(channels);
  const values = new Float32Array(count * table.length * 2);
  for (let frame = 0; frame < count; frame++) {
    for (let i = 0; i < table.length; i++) {
      const phase = Math.fround(frame * table[i]!);
      values[frame * table.length * 2 + i] = Math.cos(phase);
      values[frame * table.length * 2 + table.length + i] = Math.sin(phase);
    }
  }
  return graph.constant(values, [count, table.length * 2]);
}

/** diffusers `TimestepEmbedding`: linear, SiLU, linear. [n, c] -> [n, outDim]. */
export function timestepEmbedding(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { timeEmbedDim, outDim = timeEmbedDim }: { timeEmbedDim: number; outDim?: number },
): Value {
  return graph.scope(name, () => {
    const hidden = silu(graph, linear(graph, 'linear_1', x, timeEmbedDim));
    return linear(graph, 'linear_2', hidden, outDim);
  });
}
