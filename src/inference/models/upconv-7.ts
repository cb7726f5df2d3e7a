import type { GraphBuilder } from '../graph/graph-builder.ts';
import { leakyRelu } from '../nn/activations.ts';
import { conv2d, convTranspose2d } from '../nn/layers.ts';

/** Channels after each of the convolutions. */
const widths = [16, 32, 64, 128, 128, 256] as const;

/** What {@link upConv7} makes larger, and how many pixels it looks at on each side of one. */
export const upConv7Sizes = { scale: 2, margin: 7 } as const;

/**
 * waifu2x's `UpConv7` (nunif, waifu2x/models/upconv_7.py), before its last step, which cuts what lies outside of 0…1:
 * input `sample` [1, 3, height + 14, width + 14] in 0…1 RGB, output `enlarged` [1, 3, 2·height, 2·width]. No convolution
 * pads, so that a pixel of the output depends on seven pixels around its own and on nothing else.
 */
export function upConv7(graph: GraphBuilder, { height, width }: { height: number; width: number }): void {
  const { margin } = upConv7Sizes;
  let hidden = graph.input('sample', [1, 3, height + 2 * margin, width + 2 * margin]);
  graph.scope('net', () => {
    for (const [index, channels] of widths.entries()) {
      // torch's `Sequential` counts activations too.
      hidden = leakyRelu(graph, conv2d(graph, `${2 * index}`, hidden, channels, { padding: 0 }), 0.1);
    }
    // Its edges are those that the margins were for.
    hidden = convTranspose2d(graph, `${2 * widths.length}`, hidden, 3, { padding: 3 });
  });
  graph.output('enlarged', hidden);
}
