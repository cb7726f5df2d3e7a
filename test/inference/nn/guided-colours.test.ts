import { describe, expect, it } from 'vitest';
import { guidedColours, guidedColoursMargin } from '../../../src/inference/nn/guided-colours.ts';
import { runGraph } from '../../support/run-graph.ts';

const sides = 24;
const inner = sides - 2 * guidedColoursMargin;
const weights = [0.299, 0.587, 0.114] as const;

/** A picture by its colours at each place, 0…1, and what the filter makes of it. */
async function filtered(colour: (x: number, y: number, channel: number) => number) {
  const data = Float32Array.from({ length: 3 * sides ** 2 }, (_, at) => {
    const place = at % sides ** 2;
    return colour(place % sides, Math.floor(place / sides), Math.floor(at / sides ** 2));
  });
  const inputs = { picture: { shape: [1, 3, sides, sides], data } };
  const { cleaned } = await runGraph(new Map(), inputs, (graph) => {
    graph.output('cleaned', guidedColours(graph, graph.input('picture', [1, 3, sides, sides])));
  });
  return {
    shape: cleaned!.shape,
    before: (x: number, y: number, channel: number) =>
      data[channel * sides ** 2 + (y + guidedColoursMargin) * sides + x + guidedColoursMargin]!,
    after: (x: number, y: number, channel: number) => cleaned!.data[channel * inner ** 2 + y * inner + x]!,
  };
}

type Picture = Awaited<ReturnType<typeof filtered>>;

/** Values at all places within the filter's output. */
const everywhere = (value: (x: number, y: number) => number) =>
  Array.from({ length: inner ** 2 }, (_, at) => value(at % inner, Math.floor(at / inner)));
const most = (value: (x: number, y: number) => number) => Math.max(...everywhere(value));
const mean = (value: (x: number, y: number) => number) => everywhere(value).reduce((a, b) => a + b, 0) / inner ** 2;

/** Even in −0.5…0.5, the same each time. */
function noise() {
  let state = 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
}

const grey = (of: Picture['before'], x: number, y: number) =>
  weights.reduce((sum, weight, channel) => sum + weight * of(x, y, channel), 0);

describe('colours that are cleaned with the brightness as guide', () => {
  it('leave the brightness of each pixel as it is', async () => {
    const random = noise();
    const picture = await filtered(() => 0.5 + random());
    expect(picture.shape).toEqual([1, 3, inner, inner]);
    expect(most((x, y) => Math.abs(grey(picture.before, x, y) - grey(picture.after, x, y)))).toBeLessThan(1e-5);
  });

  it('lose most of the noise that a flat area has', async () => {
    // Red and blue against each other, so that the brightness is even.
    const random = noise();
    const draws = Array.from({ length: sides ** 2 }, random);
    const picture = await filtered((x, y, channel) => {
      const drawn = draws[y * sides + x]! / 20;
      return 0.5 + [drawn / weights[0], 0, -drawn / weights[2]][channel]!;
    });
    const spread = (of: Picture['before']) => mean((x, y) => (of(x, y, 2) - 0.5) ** 2) ** 0.5;
    expect(spread(picture.after)).toBeLessThan(0.4 * spread(picture.before));
  });

  it('keep an edge that the brightness has, within two grey levels', async () => {
    const picture = await filtered((x, _, channel) => (x < sides / 2 ? [0.9, 0.6, 0.1] : [0.1, 0.2, 0.4])[channel]!);
    for (const channel of [0, 1, 2]) {
      const apart = most((x, y) => Math.abs(picture.after(x, y, channel) - picture.before(x, y, channel)));
      expect(apart * 255, `channel ${channel}`).toBeLessThan(2);
    }
  });
});
