import type { Texts } from './texts.ts';

/** English: the fallback for every locale that has no file of its own. */
export const en: Texts = {
  animate: {
    description: 'Turn a still picture into a short video',
    image: 'The picture: JPEG, PNG, WebP or GIF, up to 10 MB',
    motion: 'How much moves: 127 is normal, less is calmer, more is wilder',
    seed: 'The same seed and settings give the same clip; left out, one is drawn',
    steps: 'More steps: finer, and slower',
    fps: 'Frames per second',
  },
  cancelButton: 'Cancel',
  queued: ({ position, waiting }) => `⏳ In the queue: place ${position} of ${waiting}.`,
  startsAt: (moment) => `Starts ${moment}.`,
  readyAt: (moment) => `Ready ${moment}.`,
  stages: {
    prepare: 'Getting ready',
    'encode-image': 'Looking at the picture',
    denoise: 'Imagining the motion',
    decode: 'Painting the frames',
    'encode-video': 'Making the video file',
  },
  step: ({ step, steps }) => `step ${step} of ${steps}`,
  delivered: (clip) =>
    `🎬 motion ${clip.motion} · seed ${clip.seed} · ${clip.steps} steps · ${clip.fps} fps · ` +
    `${clip.frames} frames · ${clip.width}×${clip.height} · made in ${clip.seconds} s`,
  reduced: 'The clip was made smaller so that it fits the upload limit here.',
  sentHere: (place) => `The bot may not post in ${place} any more, so this comes to you directly.`,
  cancelled: '🚫 Cancelled.',
  postponed: '💤 The bot is restarting. Your clip keeps its place and goes on by itself.',
  broke: (id) => `⚠️ Something broke, id ${id}. The people who run this bot find the reason in its log.`,
  permissions: {
    ViewChannel: 'View Channel',
    SendMessages: 'Send Messages',
    SendMessagesInThreads: 'Send Messages in Threads',
    AttachFiles: 'Attach Files',
    ReadMessageHistory: 'Read Message History',
  },
  errors: {
    'picture-empty': () => 'The file is empty. Attach a JPEG, PNG, WebP or GIF picture.',
    'picture-too-many-bytes': ({ limitMb }) => `The file is too large: pictures may have up to ${limitMb} MB.`,
    'picture-not-a-picture': ({ found }) =>
      `That file is not a picture${found === 'unknown' ? '' : ` (it looks like: ${found})`}. Attach a JPEG, PNG, WebP or GIF.`,
    'picture-unsupported': ({ found }) => `${found} pictures cannot be read here. Attach a JPEG, PNG, WebP or GIF.`,
    'picture-too-many-pixels': ({ limitMegapixels }) =>
      `The picture has too many pixels: up to ${limitMegapixels} megapixels are read.`,
    'picture-too-large-interlaced': ({ limitMegapixels }) =>
      `Progressive and interlaced pictures are read up to ${limitMegapixels} megapixels. Save it without that, or smaller.`,
    'picture-broken': () => 'The picture is damaged and cannot be read. Save it again and attach the new file.',
    'picture-timeout': ({ limitSeconds }) =>
      `Reading the picture took longer than ${limitSeconds} s. Try a simpler one.`,
    'picture-host': () => 'Pictures are only fetched from Discord itself. Attach the file instead of a link.',
    'picture-unreachable': () => 'Discord did not hand out the picture. Attach it again.',
    'picture-slow': ({ limitSeconds }) => `Fetching the picture took longer than ${limitSeconds} s. Try again.`,
    'option-range': ({ option, min, max }) => `\`${option}\` must be a whole number from ${min} to ${max}.`,
    'setting-out-of-range': ({ setting, min, max }) => `\`${setting}\` must be from ${min} to ${max} for this model.`,
    'setting-size-step': ({ setting, step }) => `\`${setting}\` must be a multiple of ${step} for this model.`,
    'permissions-missing': ({ permissions }) =>
      `The bot may not post clips here. It needs: ${permissions}. Ask someone who manages this server.`,
    'clip-too-large': () => 'The clip is larger than Discord accepts here. Try a calmer picture or less motion.',
    'clip-undeliverable': () =>
      'The clip is finished, but the bot may not post it here, and your direct messages are closed to it.',
    'going-down': () => 'The bot is restarting. Ask again in a minute.',
    'not-yours': () => 'Only the person who asked for this clip can cancel it.',
    'job-unknown': () => 'That clip is not known any more.',
    'action-unknown': () => 'That command or button is from an older version of the bot. Use `/animate`.',
    'too-late': () => 'Too late: the clip is finished already.',
  },
};
