import type { ClipMessages } from './clip-messages.ts';
import { decimalFor, pluralFor } from './plural.ts';

const plural = pluralFor('en');
const decimal = decimalFor('en');

/** English, of clips and their buttons. */
export const enClip: ClipMessages = {
  menus: { animate: 'Animate', animateAvatar: 'Animate avatar', settings: 'Settings' },
  whichPicture: 'That message has several pictures. Which one?',
  between: ({ from, to }) => `From ${from} to ${to}`,
  betweenCost: 'Takes twice as long, counts as two clips',
  buttons: {
    again: 'Again',
    edit: 'Edit',
    extend: 'Extend',
    loop: 'Loop',
    smooth: 'Smoother',
    larger: 'Larger',
    end: 'End picture',
    settings: 'Settings',
    delete: 'Delete',
  },
  seamlessButton: (duration) =>
    `Seamless loop (renders again, ${duration === undefined ? 'twice the time' : `about ${duration}`}, counts as 2 clips)`,
  caption: {
    plain: (seconds) => `🎬 Your clip: ${decimal(seconds)} s`,
    again: (seconds) => `🎲 Again, with a new seed: ${decimal(seconds)} s`,
    edit: (seconds) => `✏️ Edited: ${decimal(seconds)} s`,
    end: (seconds) => `🖼️ With an end picture: ${decimal(seconds)} s`,
    extend: (seconds) => `➕ Extended to ${decimal(seconds)} s`,
    pick: ({ number, seconds }) => `🎬 Variation ${number}: ${decimal(seconds)} s`,
    loop: {
      none: '🔁 Loop: off',
      'ping-pong': '🔁 Loop: ping-pong, there and back',
      crossfade: '🔁 Loop: crossfade, the end blends into the start',
      seamless: '🔁 Loop: seamless, it ends as it begins',
    },
    smooth: (fps) => `⬆️ Smoother: ${fps} fps`,
    larger: ({ width, height }) => `🔎 Larger: ${width}×${height}`,
    notUpscaled: 'too large to be upscaled that far',
    seed: (seed) => `seed ${seed}`,
    loops: { 'ping-pong': 'ping-pong loop', crossfade: 'crossfade loop', seamless: 'seamless loop' },
    reduced: 'made smaller to fit the upload limit',
    fallbackFrames: 'in-between frames by ffmpeg’s minterpolate',
    replaced: (format) => `MP4, because it is too big as ${format}`,
    from: (link) => `from ${link}`,
  },
  variations: {
    proposal: ({ count, clips, duration, clipsPerPick, durationOfPick }) =>
      `${count} previews: time of ${decimal(clips)} clips${about(duration)}, then ${decimal(clipsPerPick)} per pick${about(durationOfPick)}`,
    cost: ({ count, clips, duration, clipsPerPick, durationOfPick, counted }) =>
      `🎲 ${count} variations to pick from take as long as ${decimal(clips)} clips${about(duration)}, ` +
      `each pick ${decimal(clipsPerPick)} more${about(durationOfPick)}. ` +
      `They count as ${plural(counted, { one: '1 clip', other: `${counted} clips` })}, the first pick included.`,
    caption: ({ seeds, until, clipsPerPick, durationOfPick }) =>
      `🎲 Pick one or more: each takes ${decimal(clipsPerPick)} of a clip’s time${about(durationOfPick)}. ` +
      `The previews expire ${until}. Seeds: ${seeds}`,
    refused: 'The safety check does not allow the grey ones.',
    altText: ({ count, seconds }) =>
      `${count} blurry previews of ${decimal(seconds)} s side by side, numbered, each the same picture moving in another way.`,
  },
  altText: ({ frames, seconds, motion, loop }) =>
    `A still picture brought to life: ${plural(frames, { one: '1 frame', other: `${frames} frames` })} in ${decimal(seconds)} s, ` +
    `motion ${motion} of 255${{ none: '', 'ping-pong': '; it plays there and back', crossfade: '; its end blends into its start', seamless: '; it ends as it begins' }[loop]}.`,
  edit: {
    title: 'Edit the settings',
    motion: 'Motion, 1 to 255',
    seed: 'Seed (random if empty)',
    steps: 'Steps',
    fps: 'Frames per second',
    loop: 'Loop',
  },
  endPicture: { title: 'End with another picture', picture: 'The picture that the clip ends with' },
  settings: {
    facts: ({ frames, fps, width, height, seconds }) =>
      `${plural(frames, { one: '1 frame', other: `${frames} frames` })} at ${fps} fps, ${width}×${height}, made in ${decimal(seconds)} s.`,
    made: ({ model, provider }) => `Made with ${model} on ${provider}.`,
    inBetween: (interpolator) => `In-between frames by ${interpolator}.`,
    command: 'To make exactly this clip again, use the same picture with:',
    commandOfTwo: 'To make exactly this clip again, use the same two pictures, the second as `end`, with:',
    commandLine: 'Or on the command line:',
    without: {
      extended:
        'No command makes this clip: it was extended. Each extension continues from the last frame only, so the ' +
        'picture gets worse the longer it gets.',
      'other-model': 'No `/animate` command makes exactly this clip here: it was made with another model.',
      'no-option': 'No `/animate` command makes exactly this clip: it has settings that `/animate` does not offer.',
    },
    incomplete: 'The file does not say everything that decides a clip, so no command makes exactly this one. It says:',
    lastPart: 'Its last part was made with:',
  },
  reactionNeedsIntent: (menu) =>
    `I saw the reaction, but may not see the picture: whoever runs the bot has not turned on the Message Content Intent. Use **Apps → ${menu}** in the message's menu instead; that always works.`,
};

function about(duration: string | undefined): string {
  return duration === undefined ? '' : ` (about ${duration})`;
}
