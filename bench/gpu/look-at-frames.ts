/** What a clip's frames are like, in grey levels of 255. */
export interface FramesLook {
  count: number;
  /** Of all values. */
  mean: number;
  /** The standard deviation of the most uniform frame: 0 is one colour. */
  leastStd: number;
  /** Frames of which no value is above 8. */
  black: number;
  /** Mean difference from each frame to the next. */
  motion: number;
}

const blackLevel = 8;

/** A frame with less than this is as good as of one colour. */
const uniformStd = 2;

/** Looks at 8-bit frames: what half precision ruined is black, of one colour, or stands still. */
export function lookAtFrames(frames: readonly Uint8Array[]): FramesLook {
  const looks = frames.map((frame) => {
    let [sum, squares, most] = [0, 0, 0];
    for (const value of frame) {
      sum += value;
      squares += value * value;
      most = Math.max(most, value);
    }
    const mean = sum / frame.length;
    return { mean, std: Math.sqrt(Math.max(0, squares / frame.length - mean * mean)), most };
  });
  const pairs = frames.slice(1).map((frame, at) => compareFrames([frames[at]!], [frame]).mean);
  return {
    count: frames.length,
    mean: average(looks.map(({ mean }) => mean)),
    leastStd: Math.min(...looks.map(({ std }) => std)),
    black: looks.filter(({ most }) => most <= blackLevel).length,
    motion: pairs.length === 0 ? 0 : average(pairs),
  };
}

/** Whether there is a picture in every frame. */
export function areWhole({ count, leastStd, black }: FramesLook): boolean {
  return count > 0 && black === 0 && leastStd >= uniformStd;
}

/** How far two clips are apart, in grey levels. */
export function compareFrames(
  one: readonly Uint8Array[],
  other: readonly Uint8Array[],
): { mean: number; most: number } {
  if (one.length !== other.length) throw new Error(`${one.length} frames beside ${other.length}.`);
  let [sum, most, values] = [0, 0, 0];
  for (const [at, frame] of one.entries()) {
    const beside = other[at]!;
    if (frame.length !== beside.length) throw new Error('The frames are of different sizes.');
    values += frame.length;
    for (const [index, value] of frame.entries()) {
      const difference = Math.abs(value - beside[index]!);
      sum += difference;
      if (difference > most) most = difference;
    }
  }
  return { mean: values === 0 ? 0 : sum / values, most };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
