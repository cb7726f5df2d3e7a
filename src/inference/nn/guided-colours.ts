import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, concat, divide, multiply, slice, subtract } from '../graph/ops.ts';
import { shape4, type Value } from '../graph/value.ts';

/** ITU-R BT.601: what red, green and blue add to brightness. */
const brightness = Float32Array.of(0.299, 0.587, 0.114);

/** Pixels on each side over which a mean is taken. */
const radius = 1;

/**
 * Below this variance of brightness (of values in 0…1; 50 of grey levels) a window counts as flat: colours are averaged
 * there. Above, they follow its edges.
 */
const flatness = 50 / 255 ** 2;

/** Pixels on each side that {@link guidedColours} looks at and that its output lacks: two means, one after the other. */
export const guidedColoursMargin = 2 * radius;

/**
 * Cleans the colours of a picture with its brightness as the guide (He, Sun and Tang, "Guided image filtering", 2010):
 * [1, 3, h + 4, w + 4] -> [1, 3, h, w], RGB in 0…1. Within 3×3 pixels the differences of a colour to the brightness
 * become the linear function of the brightness that is nearest to them. The brightness itself stays as it is.
 */
export function guidedColours(graph: GraphBuilder, picture: Value): Value {
  return graph.scope('colours', () => {
    // The variance is a small difference of large numbers, for which half precision has too few digits.
    const rgb = graph.cast(picture, 'float32');
    const constant = (values: Float32Array, shape: number[]) => graph.constant(values, shape, 'float32');
    const grey = graph.op('Conv', [rgb, constant(brightness, [1, 3, 1, 1])], { kernel_shape: [1, 1] });
    const colours = subtract(graph, rgb, grey);
    const both = concat(graph, [grey, colours], 1);
    const means = boxMean(graph, both);
    const meanGrey = slice(graph, means, 1, [0, 1]);
    const products = boxMean(graph, multiply(graph, both, grey));
    const covariances = subtract(graph, products, multiply(graph, means, meanGrey));
    const variance = add(graph, slice(graph, covariances, 1, [0, 1]), constant(Float32Array.of(flatness), [1]));
    const slopes = divide(graph, slice(graph, covariances, 1, [1, 4]), variance);
    const offsets = subtract(graph, slice(graph, means, 1, [1, 4]), multiply(graph, slopes, meanGrey));
    const lines = boxMean(graph, concat(graph, [slopes, offsets], 1));
    const [, , height, width] = shape4(lines);
    const rows = slice(graph, grey, 2, [guidedColoursMargin, guidedColoursMargin + height]);
    const inner = slice(graph, rows, 3, [guidedColoursMargin, guidedColoursMargin + width]);
    const filtered = add(graph, multiply(graph, slice(graph, lines, 1, [0, 3]), inner), slice(graph, lines, 1, [3, 6]));
    return add(graph, filtered, inner);
  });
}

/** The mean around each pixel that has all of its neighbours: two rows and two columns fewer. */
function boxMean(graph: GraphBuilder, x: Value): Value {
  const side = 2 * radius + 1;
  return graph.op('AveragePool', [x], { kernel_shape: [side, side], strides: [1, 1] });
}
