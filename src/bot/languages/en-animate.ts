import type { AnimateMessages } from './clip-messages.ts';

/** English, of `/animate`. */
export const enAnimate: AnimateMessages = {
  description: 'Turn a still picture into a short video',
  options: {
    image: { name: 'image', description: 'The picture: JPEG, PNG, WebP or GIF, up to 10 MB' },
    preset: { name: 'preset', description: 'A recipe; options chosen beside it win' },
    motion: { name: 'motion', description: 'How much moves: choose a name, or type a number from 1 to 255' },
    seed: { name: 'seed', description: 'The same seed and settings give the same clip; left out, one is drawn' },
    steps: { name: 'steps', description: 'More steps: finer, and slower' },
    fps: { name: 'fps', description: 'Frames per second' },
    length: { name: 'length', description: 'Number of frames' },
    shape: { name: 'shape', description: "Shape of the clip; the picture's own where left out" },
    fit: { name: 'fit', description: 'How the picture takes that shape' },
    loop: { name: 'loop', description: 'How the clip repeats without a jump' },
    smooth: { name: 'smooth', description: 'Compute frames in between, up to 24 per second' },
    format: { name: 'format', description: 'Kind of file' },
    private: { name: 'private', description: 'Show the clip to you alone' },
  },
  choices: {
    preset: {
      notebook: 'as in the diffusers notebook: 60 steps, 512×512',
      quality: '25 steps, fine',
      fast: '10 steps, quick',
      draft: '6 steps at half the size, very quick',
      'animate-lcm': '4 steps, for the weights of AnimateLCM alone',
    },
    motion: { subtle: 'subtle', normal: 'normal', strong: 'strong', wild: 'wild' },
    shape: {
      auto: 'as the picture is',
      landscape: 'landscape',
      portrait: 'portrait',
      square: 'square',
    },
    fit: { crop: 'crop: fill, cut the edges', pad: 'pad: show all, add bars', stretch: 'stretch: distort' },
    loop: { none: 'no loop', 'ping-pong': 'ping-pong: there and back', crossfade: 'crossfade: the end melts in' },
    format: { mp4: 'MP4 video', gif: 'animated GIF', webp: 'animated WebP' },
  },
};
