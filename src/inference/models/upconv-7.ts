import type { GraphBuilder } from '../graph/graph-builder.ts';
import type { Value } from '../graph/value.ts';
import { leakyRelu } from '../nn/activations.ts';
import { guidedColours, guidedColoursMargin } from '../nn/guided-colours.ts';
import { conv2d, convTranspose2d } from '../nn/layers.ts';

/** Channels after each of the convolutions. */
const widths = [16, 32, 64, 128, 128, 256] as const;

/** Pixels on each side that {@link upConv7} looks at. */
const networkMargin = 7;

const scale = 2;

/** What {@link enlarger} makes larger, and how many pixels it looks at on each side of one. */
export const enlargerSizes = { scale, margin: networkMargin + guidedColoursMargin / scale } as const;

/**
 * The network, and its colours cleaned: input `sample` [1, 3, height + 16, width + 16] in 0…1 RGB, output `enlarged`
 * [1, 3, 2·height, 2·width]. A pixel of the output depends on eight pixels around its own and on nothing else.
 */
export function enlarger(graph: GraphBuilder, { height, width }: { height: number; width: number }): void {
  const { margin } = enlargerSizes;
  const sample = graph.input('sample', [1, 3, height + 2 * margin, width + 2 * margin]);
  graph.output('enlarged', guidedColours(graph, upConv7(graph, sample)));
}

/**
 * waifu2x's `UpConv7` (nunif, waifu2x/models/upconv_7.py), before its last step, which cuts what lies outside of 0…1:
 * [1, 3, h + 14, w + 14] in 0…1 RGB -> [1, 3, 2h, 2w]. No convolution pads.
 */
function upConv7(graph: GraphBuilder, sample: Value): Value {
  return graph.scope('net', () => {
    let hidden = sample;
    for (const [index, channels] of widths.entries()) {
      // torch's `Sequential` counts activations too.
      hidden = leakyRelu(graph, conv2d(graph, `${2 * index}`, hidden, channels, { padding: 0 }), 0.1);
    }
    // Its edges are those that the margins were for.
    return convTranspose2d(graph, `${2 * widths.length}`, hidden, 3, { padding: 3 });
  });
}
