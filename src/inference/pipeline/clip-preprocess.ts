import { boxOf, type FramedPicture } from '../../util/rgb.ts';

const { fround } = Math;

/** What the image encoder expects of its input. */
export interface ClipPreprocessOptions {
  /** Width and height in pixels, `image_size` of the image encoder's config; diffusers always takes 224. */
  imageSize: number;
  /** Per channel, `image_mean` of preprocessor_config.json. */
  mean: readonly [number, number, number];
  /** Per channel, `image_std` of preprocessor_config.json. */
  std: readonly [number, number, number];
}

/**
 * The picture as the CLIP image encoder sees it: what diffusers' `StableVideoDiffusionPipeline._encode_image` does before it
 * calls the encoder. Blur and bicubic resampling are linear and separable, so each axis needs one pass.
 * diffusers' way over [-1, 1] and back cancels out, since the weights of an axis sum to 1.
 * @param picture 8-bit RGB of any size; diffusers itself stops where a side has one pixel, which it cannot mirror
 * @returns [1, 3, imageSize, imageSize]
 */
export function clipPreprocess(picture: FramedPicture, { imageSize, mean, std }: ClipPreprocessOptions): Float32Array {
  const { width, height, data } = picture;
  const box = boxOf(picture);
  const columns = axisFilters({ from: box.left, inputSize: box.width, size: width }, imageSize);
  const rows = axisFilters({ from: box.top, inputSize: box.height, size: height }, imageSize);
  const pixels = new Float32Array(3 * imageSize * imageSize);
  const units = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);
  const plane = new Float32Array(imageSize * height); //                                          [size, h], transposed
  const row = new Float32Array(width);
  for (let channel = 0; channel < 3; channel += 1) {
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) row[x] = units[data[3 * (width * y + x) + channel]!]!;
      for (let x = 0; x < imageSize; x += 1) plane[x * height + y] = weightedSum(columns[x]!, row, 0);
    }
    const channelMean = fround(mean[channel]!);
    const channelStd = fround(std[channel]!);
    for (let y = 0; y < imageSize; y += 1) {
      const at = (channel * imageSize + y) * imageSize;
      for (let x = 0; x < imageSize; x += 1) {
        const sum = weightedSum(rows[y]!, plane, x * height);
        pixels[at + x] = fround(fround(sum) - channelMean) / channelStd;
      }
    }
  }
  return pixels;
}

/** One filtered value of the inputs that lie from `offset` on. A function of its own is compiled sooner than loops around it. */
function weightedSum({ start, weights }: AxisFilter, values: Float32Array, offset: number): number {
  let sum = 0;
  for (let tap = 0; tap < weights.length; tap += 1) sum += weights[tap]! * values[offset + start + tap]!;
  return sum;
}

/** One output position along an axis: a weighted sum of the inputs from `start` on. */
interface AxisFilter {
  start: number;
  weights: Float64Array;
}

/**
 * diffusers `_resize_with_antialiasing` along one axis: a Gaussian blur with reflected edges, then bicubic samples of it.
 * Of the `inputSize` inputs, beginning with `from`, 0 … `size` are there; the others are black and add nothing.
 */
function axisFilters(
  { from, inputSize, size }: { from: number; inputSize: number; size: number },
  outputSize: number,
): AxisFilter[] {
  const kernel = gaussianKernel(inputSize / outputSize);
  const radius = (kernel.length - 1) / 2;
  const scale = outputSize > 1 ? fround((inputSize - 1) / (outputSize - 1)) : 0; // align_corners
  return Array.from({ length: outputSize }, (_, output) => {
    const position = fround(scale * output);
    const base = Math.min(Math.floor(position), inputSize - 1);
    const sums = new Map<number, number>();
    for (const [tap, cubic] of cubicWeights(fround(position - base)).entries()) {
      const center = Math.min(Math.max(base - 1 + tap, 0), inputSize - 1);
      for (const [offset, gaussian] of kernel.entries()) {
        if (gaussian === 0) continue;
        const index = from + reflect(center + offset - radius, inputSize);
        if (index < 0 || index >= size) continue;
        sums.set(index, (sums.get(index) ?? 0) + cubic * gaussian);
      }
    }
    if (sums.size === 0) return { start: 0, weights: new Float64Array(0) };
    const start = Math.min(...sums.keys());
    const weights = new Float64Array(Math.max(...sums.keys()) - start + 1);
    for (const [index, weight] of sums) weights[index - start] = weight;
    return { start, weights };
  });
}

/** diffusers `_gaussian` with the size and σ that `_resize_with_antialiasing` takes; enlarging leaves it [0, 1, 0]. */
function gaussianKernel(factor: number): Float32Array {
  const sigma = Math.max((factor - 1) / 2, 0.001);
  const size = Math.trunc(Math.max(2 * 2 * sigma, 3)) | 1; // odd
  const spread = fround(2 * fround(fround(sigma) ** 2));
  const kernel = Float32Array.from({ length: size }, (_, index) => Math.exp(-((index - (size - 1) / 2) ** 2) / spread));
  const sum = fround(kernel.reduce((a, b) => a + b));
  return kernel.map((weight) => weight / sum);
}

/** torch's bicubic (a = −¾) for the four inputs around a position `fraction` past the second. */
function cubicWeights(fraction: number): number[] {
  const a = -0.75;
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1; //          |x| ≤ 1
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; //     1 < |x| < 2
  return [far(1 + fraction), near(fraction), near(1 - fraction), far(2 - fraction)];
}

/** Mirrors an index at the first and last input, which are not repeated. */
function reflect(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const folded = ((index % period) + period) % period;
  return Math.min(folded, period - folded);
}
