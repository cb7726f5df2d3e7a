import type { RgbPicture } from '../../util/rgb.ts';

/** 8-bit RGB -> [3, height, width] in [-1, 1], as diffusers' `VaeImageProcessor.preprocess` (float32 throughout). */
export function pictureToSample({ width, height, data }: RgbPicture): Float32Array {
  const pixels = width * height;
  const sample = new Float32Array(3 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const unit = Math.fround((data[pixel * 3 + channel] ?? 0) / 255);
      sample[channel * pixels + pixel] = Math.fround(2 * unit) - 1;
    }
  }
  return sample;
}

/** [frames, 3, height, width] around [-1, 1] -> 8-bit RGB frames, as diffusers' `postprocess_video` for pictures. */
export function sampleToFrames(
  sample: Float32Array,
  { width, height }: { width: number; height: number },
): Uint8Array[] {
  const pixels = width * height;
  const count = sample.length / (3 * pixels);
  return Array.from({ length: count }, (_, frame) => {
    const out = new Uint8Array(pixels * 3);
    for (let channel = 0; channel < 3; channel++) {
      const plane = sample.subarray((frame * 3 + channel) * pixels, (frame * 3 + channel + 1) * pixels);
      for (let pixel = 0; pixel < pixels; pixel++) {
        const unit = Math.min(1, Math.max(0, (plane[pixel] ?? 0) / 2 + 0.5));
        out[pixel * 3 + channel] = Math.round(unit * 255);
      }
    }
    return out;
  });
}
