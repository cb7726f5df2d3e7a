import { enAnimate } from './en-animate.ts';
import type { Messages } from './messages.ts';

/** English: the fallback for every locale that has no file of its own. */
export const en: Messages = {
  animate: enAnimate,
  clip: {
    menus: { animate: 'Animate', settings: 'Settings' },
    whichPicture: 'That message has several pictures. Which one?',
    buttons: {
      again: 'Again',
      edit: 'Edit',
      extend: 'Extend',
      loop: 'Loop',
      smooth: 'Smoother',
      settings: 'Settings',
      delete: 'Delete',
    },
    madeFrom: (link) => `↩️ made from ${link}`,
    drift: 'Each extension knows only the last frame, so shapes and colours drift the longer it gets.',
    edit: {
      title: 'Make it differently',
      motion: 'Motion, 1 to 255',
      seed: 'Seed; empty: draw one',
      steps: 'Steps',
      fps: 'Frames per second',
      loop: 'Loop',
    },
    settings: 'The same clip again, as a command here and on the command line:',
    made: ({ model, provider }) => `Made with ${model} on ${provider}.`,
    reactionNeedsIntent: (menu) =>
      `I saw the reaction, but may not see the picture: the operator has not turned on the Message Content Intent. Use **Apps → ${menu}** in the message's menu instead; that always works.`,
  },
  cancelButton: 'Cancel',
  queued: ({ position, waiting }) => `⏳ In the queue: place ${position} of ${waiting}.`,
  startsAt: (moment) => `Starts ${moment}.`,
  readyAt: (moment) => `Ready ${moment}.`,
  paused:
    '⏸️ Paused: this machine cannot make clips right now. The people who run the bot have been told. ' +
    'Your clip keeps its place.',
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
  sentLate: 'There I could answer you for 15 minutes only, and this took longer, so it comes to you directly.',
  cancelled: '🚫 Cancelled.',
  postponed: '💤 The bot is restarting. Your clip keeps its place and goes on by itself.',
  readyPing: (person) => `${person}, your clip is ready.`,
  queue: {
    description: 'What runs and waits, and a way to cancel your own',
    scope: 'Whose clips to show; yours where left out',
    scopes: { mine: 'My clips', all: 'All clips' },
    summary: ({ running, waiting }) => `🎞️ ${running} running, ${waiting} waiting.`,
    modes: {
      paused: '⏸️ The queue is paused: nothing is begun for now.',
      draining: '🚰 The queue is being emptied: nothing new is taken in for now.',
    },
    somebody: 'somebody in another place',
    none: 'None of your clips runs or waits.',
    more: (count) => `… and ${count} more.`,
    cancel: (id) => `Cancel ${id}`,
    hostPaused:
      '⏸️ Paused: this machine cannot make clips right now. The people who run the bot have been told. ' +
      'Every clip keeps its place.',
    undelivered: (count) =>
      count === 1
        ? '📦 One of your finished clips could not be posted. Get it with the button below.'
        : `📦 ${count} of your finished clips could not be posted. Get them with the buttons below.`,
    fetch: (id) => `Get clip ${id}`,
    fetched: '📦 Here is your clip.',
    expired: 'That clip could not be posted in time, and is not kept any more. Use `/animate` with the picture again.',
  },
  kinora: {
    description: 'About this bot, your data and your mentions',
    about: 'What makes the clips, and what is kept for how long',
    forget: 'Cancel your clips and delete everything that is kept about you',
    ping: 'Whether you are mentioned when a clip took long',
    wanted: 'Mention me when a clip that took long is ready',
    versions: ({ kinora, node, model, provider }) =>
      `Kinora ${kinora} on Node ${node}. Model: **${model}**, run on ${provider}.`,
    licence:
      'Kinora is free software under the MIT licence. Model weights have licences of their own: for Stable Video ' +
      'Diffusion see <https://stability.ai/license>. The clips are made by a machine and show nothing that happened.',
    kept: (hours) =>
      `Kept here: who asked for what and when, and the settings. Pictures and clips are deleted ${hours} hours after ` +
      'delivery; of cancelled and failed clips at once. `/kinora forget` deletes all that is yours. What was posted ' +
      'in Discord is yours to delete there.',
    pings: {
      on: '🔔 You are mentioned once when a clip that took long is ready. `/kinora ping` changes that.',
      off: '🔕 You are not mentioned when a clip is ready. `/kinora ping` changes that.',
    },
    forgotten: ({ deleted, left }) =>
      `🗑️ Deleted clips: ${deleted}, with their pictures and settings, and your choices.` +
      (left > 0 ? ` Being delivered at this moment: ${left}. Run this again in a minute.` : '') +
      ' For the daily limit, the times of your last 24 hours are kept until they are over.',
  },
  config: {
    description: 'How Kinora behaves on this server',
    subcommands: {
      show: 'Show the settings',
      set: 'Change settings; what is left out stays',
      limits: 'Change limits for this server; 0 leaves it to the operator',
      allow: 'Allow a channel or a role; the first one shuts out all others',
      disallow: 'Take a channel or a role off the list; an empty list allows all',
      reset: 'Go back to the defaults',
    },
    options: {
      preset: 'Recipe for clips that name none',
      spoiler: 'Hide clips behind a spoiler',
      ping: 'Mention people whose clip took long',
      language: 'Language for everybody here',
      maxUpload: 'Largest clip in MiB; 0: as Discord allows',
      ageRestrictedOnly: 'Only in age-restricted channels',
      channel: 'A channel',
      role: 'A role',
    },
    limits: {
      maxWaitingPerUser: 'Waiting clips per person',
      maxWaitingPerGuild: 'Waiting clips in all',
      cooldownSeconds: 'Seconds between two clips of a person',
      dailyQuota: 'Clips per person in 24 hours',
      maxSteps: 'Most steps',
      maxFrames: 'Most frames',
    },
    shown: {
      title: '⚙️ Kinora on this server:',
      channels: 'Channels',
      roles: 'Roles',
      everywhere: 'everywhere',
      everybody: 'everybody',
      ownLanguage: "each person's own",
      ownPreset: "the model's own settings",
      asDiscord: 'as Discord allows',
      unset: 'no limit',
      more: (count) => `and ${count} more`,
      yes: 'yes',
      no: 'no',
    },
  },
  admin: {
    description: 'For the owner of this bot',
    subcommands: {
      status: 'What the bot does',
      pause: 'Begin no more clips; go on taking them in',
      resume: 'Take in and begin clips again',
      drain: 'Take in no more clips; do what waits',
      cancel: "Cancel anybody's clip",
      block: 'Let a person or a server ask for nothing',
      unblock: 'Let them ask again',
      'reset-quota': 'Give a person the whole daily quota back',
    },
    options: { job: 'Id of the clip, as /queue shows it', user: 'The person', guild: 'Id of the server' },
    modes: {
      open: '🟢 The queue is open.',
      paused: '⏸️ The queue is paused.',
      draining: '🚰 The queue is being emptied.',
    },
    status: ({ servers, uptimeMoment }) => `On ${servers} servers, started ${uptimeMoment}.`,
    hostFault: ({ reason, since, retry }) =>
      `🔴 This machine has made no clips since ${since}: ${reason}${/[.!?]$/.test(reason) ? '' : '.'}` +
      (retry === undefined ? '' : ` It tries again ${retry}.`),
    cancelled: (id) => `🚫 \`${id}\` is cancelled.`,
    blocked: (who) => `⛔ ${who} may ask for nothing from now on.`,
    unblocked: (who) => `✅ ${who} may ask for clips again.`,
    quotaReset: (who) => `✅ ${who} has the whole daily quota again.`,
  },
  presence: {
    idle: 'Waiting for a picture',
    paused: 'Paused',
    hostPaused: 'Paused: cannot make clips right now',
    busy: ({ running, waiting }) => `${running} running, ${waiting} waiting`,
  },
  broke: (id) => `⚠️ Something broke, id ${id}. The people who run this bot find the reason in its log.`,
  permissions: {
    ViewChannel: 'View Channel',
    SendMessages: 'Send Messages',
    SendMessagesInThreads: 'Send Messages in Threads',
    AttachFiles: 'Attach Files',
    ReadMessageHistory: 'Read Message History',
  },
  errors: {
    'picture-empty': () => 'The file is empty. Attach a JPEG, PNG, WebP, GIF or AVIF picture.',
    'picture-too-many-bytes': ({ limitMb }) => `The file is too large: pictures may have up to ${limitMb} MB.`,
    'picture-not-a-picture': ({ found }) =>
      `That file is not a picture${found === 'unknown' ? '' : ` (it looks like: ${found})`}. Attach a JPEG, PNG, WebP, GIF or AVIF.`,
    'picture-unsupported': ({ found }) =>
      `${found} pictures cannot be read here. Attach a JPEG, PNG, WebP, GIF or AVIF.`,
    'picture-heic': () =>
      'HEIC pictures cannot be read here. Save it as JPEG and attach that; on an iPhone, Settings, Camera, Formats, “Most Compatible” makes the camera do so.',
    'picture-blank': () => 'There is nothing to see in that picture: it is wholly white or empty. Attach another one.',
    'picture-too-many-pixels': ({ limitMegapixels }) =>
      `The picture has too many pixels: up to ${limitMegapixels} megapixels are read.`,
    'picture-too-large-interlaced': ({ limitMegapixels }) =>
      `Progressive and interlaced pictures are read up to ${limitMegapixels} megapixels. Save it without that, or smaller.`,
    'picture-broken': () =>
      'The picture is damaged or cut off and cannot be read. Save it again and attach the new file.',
    'picture-timeout': ({ limitSeconds }) =>
      `Reading the picture took longer than ${limitSeconds} s. Try a simpler one.`,
    'picture-host': () => 'Pictures are only fetched from Discord itself. Attach the file instead of a link.',
    'picture-unreachable': () => 'Discord did not hand out the picture. Attach it again.',
    'picture-slow': ({ limitSeconds }) => `Fetching the picture took longer than ${limitSeconds} s. Try again.`,
    'option-range': ({ option, min, max }) => `\`${option}\` must be a whole number from ${min} to ${max}.`,
    'settings-invalid': ({ setting, value, from, to, multipleOf }) => {
      const kind = multipleOf === 0 ? 'a number' : multipleOf === 1 ? 'a whole number' : `a multiple of ${multipleOf}`;
      return `With this model \`${setting}\` must be ${kind} from ${from} to ${to}, not ${value}.`;
    },
    'settings-invalid-name': ({ setting, value, names }) => `\`${setting}\` must be one of ${names}, not \`${value}\`.`,
    'bad-steps': ({ sampler, steps, from, to }) =>
      `With the sampler \`${sampler}\` a clip takes ${from} to ${to} steps, not ${steps}. Ask for fewer.`,
    'schedule-not-for-sampler': ({ sampler, schedule }) =>
      `The schedule \`${schedule}\` does not go with the sampler \`${sampler}\`. Choose another preset.`,
    'permissions-missing': ({ permissions }) =>
      `The bot may not post clips here. It needs: ${permissions}. Ask someone who manages this server.`,
    'clip-too-large': () => 'The clip is larger than Discord accepts here. Try a calmer picture or less motion.',
    'clip-undeliverable': () =>
      'The clip is finished, but I may not post it here, and your direct messages are closed to me. `/queue` gives it to you for as long as it is kept.',
    'going-down': () => 'The bot is restarting. Ask again in a minute.',
    'storage-failed': () =>
      'The bot cannot store anything right now, so your request was not accepted. The people who run it have been told. Try again later.',
    'not-yours': () => 'Only the person who asked for this clip, and moderators, can do that.',
    'job-unknown': () => 'That clip is not known any more.',
    'action-unknown': () => 'That command or button is from an older version of the bot. Use `/animate`.',
    'too-late': () => 'Too late: the clip is finished already.',
    draining: () => 'The bot takes in nothing new for now. Try again later.',
    'limit-waiting-user': ({ limit, moment }) =>
      `At most ${limit} of your clips may wait at a time.${moment ? ` The next one starts ${moment}.` : ''}`,
    'limit-waiting-guild': ({ limit, moment }) =>
      `The queue of this server is full (at most ${limit}).${moment ? ` The next clip starts ${moment}.` : ''}`,
    'limit-cooldown': ({ limit, moment }) => `One clip every ${limit} seconds: you can ask again ${moment}.`,
    'limit-quota': ({ limit, moment }) =>
      `Your daily limit (${limit} in 24 hours) is used up: you can ask again ${moment}.`,
    'limit-steps': ({ limit }) => `Up to ${limit} steps are allowed here. Ask for fewer.`,
    'limit-frames': ({ limit }) => `Up to ${limit} frames are allowed here. Ask for a shorter clip.`,
    'picture-unsafe': () =>
      'A check on this machine takes the picture for one that not everybody may see. Try another.',
    'clip-unsafe': () => 'A check on this machine takes the clip for one that not everybody may see. It is not shown.',
    'blocked-user': () => 'The people who run this bot do not let you ask for clips.',
    'blocked-guild': () => 'The people who run this bot do not let this server ask for clips.',
    'place-channel': ({ places, more }) => `Clips can be asked for in: ${places}${andMore(more)}.`,
    'place-role': ({ roles, more }) => `Who may ask for clips here: ${roles}${andMore(more)}.`,
    'place-age': () => 'On this server clips can only be asked for in age-restricted channels.',
    'managers-only': () => 'This is for people who may manage the server.',
    'operators-only': () => 'This is for the owner of the bot.',
    'block-target': () => 'Name either a person or the id of a server.',
    'preset-unknown': ({ name }) => `There is no preset \`${name}\`.`,
    'wait-too-long': ({ minutes }) =>
      `The queue is too long for here: it would take about ${minutes} minutes, and where I am not a member I can answer for 15 only. Ask on a server that has me, or try again later.`,
    'no-picture-there': () => 'There is no picture in that message, nor in the one it replies to.',
    'clip-expired': () => 'The pictures of that clip are not kept any more. Use `/animate` with the picture again.',
    'picture-forgotten': () =>
      'The person who had sent the picture of that clip has had it deleted. Use `/animate` with a picture of your own.',
    'already-smooth': () => 'That clip has its higher frame rate already.',
    'no-settings-there': () => 'That message has no clip of mine, or its file has lost its settings.',
    'number-needed': ({ option }) => `\`${option}\` must be a whole number.`,
    'list-full': ({ limit }) =>
      `A list holds up to ${limit} entries. Take one off with \`/kinora-config disallow\` first.`,
    'too-often': ({ moment }) => `That was quick. You can do this again ${moment}.`,
  },
};

function andMore(count: string | number | undefined): string {
  return typeof count === 'number' && count > 0 ? ` and ${count} more` : '';
}
