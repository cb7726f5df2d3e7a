import type { AnimateMessages } from './clip-messages.ts';

/** English, of `/animate`. */
export const enAnimate: AnimateMessages = {
  description: 'Turn a still picture into a short video',
  options: {
    image: { name: 'image', description: 'The picture: JPEG, PNG, WebP, GIF or AVIF' },
    end: {
      name: 'end',
      description: 'A second picture: the clip ends as this one; takes twice as long, counts as two clips',
    },
    preset: {
      name: 'preset',
      description: 'Quality and speed in one choice; options that you set yourself come first',
    },
    motion: { name: 'motion', description: 'How much it moves: pick a name or type a number from 1 to 255' },
    seed: { name: 'seed', description: 'The same seed and settings give the same clip; random if empty' },
    steps: { name: 'steps', description: 'More steps look finer and take longer' },
    fps: { name: 'fps', description: 'Frames per second' },
    length: { name: 'length', description: 'Number of frames' },
    shape: { name: 'shape', description: 'Clip shape (default: same as the picture)' },
    fit: { name: 'fit', description: 'How the picture is fitted to that shape' },
    style: { name: 'style', description: 'Redraw the picture in a style before it is animated' },
    loop: { name: 'loop', description: 'How the clip repeats without a jump' },
    smooth: { name: 'smooth', description: 'Add in-between frames, up to 24 per second' },
    upscale: { name: 'upscale', description: 'Make the clip larger with a neural network; takes longer' },
    upscaler: { name: 'upscaler', description: 'What the upscaling network was trained on (default photo)' },
    format: {
      name: 'format',
      description: 'File type (default auto: loops are WebP and play by themselves, else MP4)',
    },
    variations: {
      name: 'variations',
      description: 'Preview 2 to 4 seeds and pick: 0.4 of a clip’s time for each, then 0.6 per pick',
    },
    private: { name: 'private', description: 'Only you can see the clip' },
  },
  choices: {
    preset: {
      notebook: 'notebook: 60 steps, 512×512, as in the diffusers example',
      quality: 'quality: 25 steps',
      fast: 'fast: 10 steps',
      draft: 'draft: 6 steps at half size',
      'animate-lcm': 'AnimateLCM: 4 steps, needs its own weights',
    },
    motion: { subtle: 'subtle', normal: 'normal', strong: 'strong', wild: 'wild' },
    shape: {
      auto: 'same as the picture',
      landscape: 'landscape',
      portrait: 'portrait',
      square: 'square',
    },
    fit: { crop: 'crop: fill, cut the edges', pad: 'pad: show all, add bars', stretch: 'stretch: distort' },
    loop: {
      none: 'no loop',
      'ping-pong': 'ping-pong: there and back',
      crossfade: 'crossfade: the end blends into the start',
      seamless: 'seamless: made to end as it begins; takes twice as long',
    },
    upscale: { 2: '2× as wide and tall', 4: '4× as wide and tall' },
    upscaler: { photo: 'photo', drawing: 'drawing: anime, cartoons, logos' },
    format: {
      auto: 'auto: WebP for loops, which plays by itself; else MP4',
      mp4: 'MP4 video: smallest, needs a click to play, does not repeat',
      gif: 'animated GIF: plays by itself, large, 256 colours',
      webp: 'animated WebP: plays by itself',
    },
  },
};
