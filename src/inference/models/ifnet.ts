import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, concat, expand, multiply, reshape, scalar, slice, subtract } from '../graph/ops.ts';
import { axisSize, shape4, type Value } from '../graph/value.ts';
import { leakyRelu } from '../nn/activations.ts';
import { conv2d, convTranspose2d } from '../nn/layers.ts';
import { resizeBilinear, warp } from '../nn/warping.ts';

/** What RIFE is built for. */
export interface IFNetSizes {
  /** Pixels, a multiple of {@link ifnetSizeStep}. */
  height: number;
  width: number;
  /** 2 looks for motion at twice as many pixels as there are, 0.5 at half of them. */
  scale: number;
}

/** Channels of each block. */
const blockChannels = [192, 128, 96, 64, 32] as const;

/** Each block looks at one of so many pixels a side, divided by the scale. */
const strides = [16, 8, 4, 2, 1] as const;

/** Residual convolutions of a block. */
const residuals = 8;

/** Features that a block hands on. */
const features = 8;

/** Width and height must be multiples of so many pixels: the first block's pixels, of which it looks at groups of 4×4. */
export function ifnetSizeStep(scale: number): number {
  return Math.max(1, Math.round((4 * strides[0]) / scale));
}

/**
 * RIFE 4.x `IFNet` (IFNet_HDv3.py, without its teacher): inputs `img0` and `img1` [1, 3, height, width] in [0, 1] and
 * `timestep` [1] from 0 to 1, output `merged` [1, 3, height, width], the picture in between.
 */
export function ifnet(graph: GraphBuilder, { height, width, scale }: IFNetSizes): void {
  const img0 = graph.input('img0', [1, 3, height, width]);
  const img1 = graph.input('img1', [1, 3, height, width]);
  const timestep = graph.input('timestep', [1]);
  const time = expand(graph, reshape(graph, timestep, [1, 1, 1, 1]), [1, 1, height, width]);
  const seen0 = concat(graph, [img0, head(graph, 'encode', img0)], 1);
  const seen1 = concat(graph, [img1, head(graph, 'encode', img1)], 1);

  let flow: Value | undefined;
  let mask: Value | undefined;
  let feat: Value | undefined;
  for (const [index, stride] of strides.entries()) {
    const [warped0, warped1] = flow === undefined ? [seen0, seen1] : warpBoth(graph, seen0, seen1, flow);
    // The pictures first, then their features, as the checkpoint's first convolutions take them.
    const seen = [
      ...[warped0, warped1].map((each) => slice(graph, each, 1, [0, 3])),
      ...[warped0, warped1].map((each) => slice(graph, each, 1, [3, axisSize(each, 1)])),
    ];
    const handedOn = mask === undefined || feat === undefined ? [] : [mask, feat];
    const x = concat(graph, [...seen, time, ...handedOn], 1);
    const found = ifBlock(graph, `block${index}`, x, {
      flow,
      scale: stride / scale,
      channels: blockChannels[index] ?? 0,
    });
    flow = flow === undefined ? found.flow : add(graph, flow, found.flow);
    mask = found.mask;
    feat = found.feat;
  }
  if (flow === undefined || mask === undefined) return;
  const share = graph.op('Sigmoid', [mask]);
  const [warped0, warped1] = warpBoth(graph, img0, img1, flow);
  const rest = subtract(graph, scalar(graph, 1), share);
  graph.output('merged', add(graph, multiply(graph, warped0, share), multiply(graph, warped1, rest)));
}

/** Both sides by their part of the flow [1, 4, h, w]. */
function warpBoth(graph: GraphBuilder, x0: Value, x1: Value, flow: Value): [Value, Value] {
  return [warp(graph, x0, slice(graph, flow, 1, [0, 2])), warp(graph, x1, slice(graph, flow, 1, [2, 4]))];
}

const activate = (graph: GraphBuilder, x: Value) => leakyRelu(graph, x, 0.2);

/** RIFE `Head`: features of one picture, [1, 3, h, w] -> [1, 4, h, w]. */
function head(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => {
    let hidden = activate(graph, conv2d(graph, 'cnn0', x, 16, { stride: 2 }));
    hidden = activate(graph, conv2d(graph, 'cnn1', hidden, 16));
    hidden = activate(graph, conv2d(graph, 'cnn2', hidden, 16));
    return convTranspose2d(graph, 'cnn3', hidden, 4);
  });
}

/** RIFE `IFBlock`: what to add to the flow [1, 4, h, w], the mask [1, 1, h, w], and features for the next block. */
function ifBlock(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { flow, scale, channels }: { flow: Value | undefined; scale: number; channels: number },
): { flow: Value; mask: Value; feat: Value } {
  return graph.scope(name, () => {
    const [, , height, width] = shape4(x);
    const small = [height / scale, width / scale] as const;
    const parts = [resizeBilinear(graph, x, small)];
    if (flow !== undefined) {
      parts.push(multiply(graph, resizeBilinear(graph, flow, small), scalar(graph, 1 / scale)));
    }
    let hidden = parts.length === 1 ? parts[0]! : concat(graph, parts, 1);
    hidden = activate(graph, conv2d(graph, 'conv0.0.0', hidden, channels / 2, { stride: 2 }));
    hidden = activate(graph, conv2d(graph, 'conv0.1.0', hidden, channels, { stride: 2 }));
    for (let index = 0; index < residuals; index++) hidden = resConv(graph, `convblock.${index}`, hidden);
    const last = convTranspose2d(graph, 'lastconv.0', hidden, 4 * (5 + features));
    // torch `PixelShuffle(2)`
    const shuffled = graph.op('DepthToSpace', [last], { blocksize: 2, mode: 'CRD' });
    const out = resizeBilinear(graph, shuffled, [height, width]);
    return {
      flow: multiply(graph, slice(graph, out, 1, [0, 4]), scalar(graph, scale)),
      mask: slice(graph, out, 1, [4, 5]),
      feat: slice(graph, out, 1, [5, 5 + features]),
    };
  });
}

/** RIFE `ResConv`: conv(x) · beta + x, then the activation. */
function resConv(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => {
    const channels = axisSize(x, 1);
    const beta = graph.parameter('beta', [1, channels, 1, 1]);
    return activate(graph, add(graph, multiply(graph, conv2d(graph, 'conv', x, channels), beta), x));
  });
}
