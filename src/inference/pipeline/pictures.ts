import type { FramedPicture, RgbPicture } from '../../util/rgb.ts';
import { clipPreprocess } from './clip-preprocess.ts';
import type { ModelConfigs } from './load-model.ts';
import { pilResize } from './pil-resize.ts';
import type { ImageToVideoSettings } from './types.ts';

/** All that the networks get to see of a picture. */
interface ModelInputs {
  /** [1, 3, image_size, image_size], for the image encoder. */
  pixelValues: Float32Array;
  /** [3, height, width] in [-1, 1], for the VAE's encoder. */
  sample: Float32Array;
}

/**
 * What diffusers' `StableVideoDiffusionPipeline.__call__` makes of a picture of any size: CLIP's view comes from the
 * picture as it is, the VAE's from one resized by Pillow's Lanczos to the clip's size. Nothing else resizes a picture.
 */
export function modelInputs(
  picture: FramedPicture,
  { imageEncoder, preprocessor }: Pick<ModelConfigs, 'imageEncoder' | 'preprocessor'>,
  { width, height }: Pick<ImageToVideoSettings, 'width' | 'height'>,
): ModelInputs {
  return {
    pixelValues: clipPreprocess(picture, {
      imageSize: imageEncoder.image_size,
      mean: preprocessor.image_mean,
      std: preprocessor.image_std,
    }),
    sample: pictureToSample(pilResize(picture, { width, height, filter: 'lanczos' })),
  };
}

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
