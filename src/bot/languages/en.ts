import { enAnimate } from './en-animate.ts';
import { enClip } from './en-clip.ts';
import type { Messages } from './messages.ts';
import { pluralFor } from './plural.ts';

/** English: the fallback for every locale that has no file of its own. */
export const en: Messages = {
  animate: enAnimate,
  clip: enClip,
  cancelButton: 'Cancel',
  queued: ({ position }) => `⏳ Queue position: ${position}.`,
  startsAt: (moment) => `Starts ${moment}.`,
  readyAt: (moment) => `Ready ${moment}.`,
  paused:
    '⏸️ Paused: no clips can be made right now. The people who run the bot have been told. Your clip keeps its queue position.',
  stages: {
    prepare: 'Getting ready',
    'encode-image': 'Looking at the picture',
    denoise: 'Imagining the motion',
    decode: 'Painting the frames',
    upscale: 'Upscaling the frames',
    'encode-video': 'Making the video file',
  },
  step: ({ step, steps }) => `step ${step} of ${steps}`,
  sentHere: (place) => `I can no longer post in ${place}, so here it is in a direct message.`,
  sentDeleted: (place) => `The message in ${place} was deleted, so here it is in a direct message.`,
  aboutClip: (place) => `About your clip in ${place}:`,
  sentLate:
    'Where you asked, I can only answer for 15 minutes, and this took longer, so here it is in a direct message.',
  cancelled: '🚫 Cancelled.',
  postponed: '💤 The bot is restarting. Your clip keeps its queue position and continues by itself.',
  readyPing: (person) => `${person}, your clip is ready.`,
  queue: {
    description: 'See what is running and waiting, and cancel your own clips',
    scope: 'Whose clips to show (default: yours)',
    scopes: { mine: 'My clips', all: 'All clips' },
    summary: ({ running, waiting }) => `🎞️ ${running} running, ${waiting} waiting.`,
    modes: {
      paused: '⏸️ The queue is paused: no new clip starts for now.',
      draining: '🚧 No new requests for now: the bot only finishes what is waiting.',
    },
    somebody: 'someone elsewhere',
    none: 'You have no clips in the queue.',
    more: (count) => `… and ${count} more.`,
    asOf: (moment) => `-# As of ${moment}.`,
    refresh: 'Refresh',
    cancel: (id) => `Cancel ${id}`,
    hostPaused:
      '⏸️ Paused: no clips can be made right now. The people who run the bot have been told. Every clip keeps its queue position.',
    undelivered: (count) =>
      count === 1
        ? '📦 One of your finished clips could not be posted. Get it with the button below.'
        : `📦 ${count} of your finished clips could not be posted. Get them with the buttons below.`,
    fetch: (id) => `Get clip ${id}`,
    fetched: '📦 Here is your clip.',
    expired: 'That clip could not be posted in time and has been deleted. Use `/animate` with the picture again.',
  },
  kinora: {
    description: 'About this bot, your data and your mentions',
    about: 'What makes the clips, and what is stored for how long',
    forget: 'Cancel your clips and delete everything stored about you',
    ping: 'Choose whether to be mentioned when a clip took long',
    wanted: 'Mention me when a slow clip is ready',
    versions: ({ kinora, node, model, provider }) =>
      `Kinora ${kinora} on Node ${node}. Model: **${model}**, ` +
      (provider === undefined ? 'what it runs on shows with the first clip.' : `running on ${provider}.`),
    licence:
      'Kinora is free software under the MIT licence. Model weights have their own licences: for Stable Video ' +
      'Diffusion see <https://stability.ai/license>. Clips are generated and do not show real events.',
    kept: (hours) =>
      `Stored here: who asked for what and when, and the settings. Pictures and clips are deleted ${duration(hours)} after ` +
      'delivery, those of cancelled and failed clips at once. `/kinora forget` deletes everything of yours. Messages ' +
      'in Discord stay until you delete them there.',
    pings: {
      on: '🔔 You will be mentioned when a slow clip is ready. Change that with `/kinora ping`.',
      off: '🔕 You will not be mentioned when a clip is ready. Change that with `/kinora ping`.',
    },
    forgetQuestion:
      'Delete everything stored about you? Your clips in the queue are cancelled, and no button under your old clips ' +
      'works any more. This cannot be undone.',
    forgetButtons: { forget: 'Delete everything', keep: 'Keep it' },
    forgetting: '🗑️ Deleting …',
    nothingForgotten: 'Nothing was deleted.',
    forgotten: ({ deleted, left }) =>
      `🗑️ Deleted ${clips(deleted)}, with pictures and settings, and your preferences.` +
      (left > 0 ? ` Still being delivered: ${clips(left)}. Run this again in a minute.` : '') +
      ' For the daily limit, the times of your requests are kept for 24 hours.',
  },
  config: {
    description: 'How Kinora behaves on this server',
    subcommands: {
      show: 'Show the settings',
      set: 'Change settings; the rest stays as it is',
      limits: "Change this server's limits (0: the bot owner's limit)",
      allow: 'Allow a channel or a role; once one is set, all others are blocked',
      disallow: 'Remove a channel or a role from the list; an empty list allows all',
      reset: 'Go back to the defaults',
    },
    options: {
      preset: 'Default preset',
      format: 'Default file type',
      spoiler: 'Post clips as spoilers',
      ping: 'Mention people when their slow clip is ready',
      language: 'Language for everyone here',
      maxUpload: "Upload limit in MiB (0: Discord's)",
      ageRestrictedOnly: 'Only in age-restricted channels',
      channel: 'A channel',
      role: 'A role',
    },
    limits: {
      maxWaitingPerUser: 'Waiting clips per person',
      maxWaitingPerGuild: 'Waiting clips on this server',
      cooldownSeconds: 'Seconds a person waits between clips',
      dailyQuota: 'Clips per person in 24 hours',
      maxSteps: 'Maximum steps',
      maxFrames: 'Maximum frames',
    },
    shown: {
      title: '⚙️ Kinora on this server:',
      channels: 'Channels',
      roles: 'Roles',
      everywhere: 'everywhere',
      everybody: 'everyone',
      ownLanguage: "each person's own",
      ownPreset: "the model's own settings",
      asDiscord: "Discord's limit",
      unset: 'no limit',
      more: (count) => `and ${count} more`,
      yes: 'yes',
      no: 'no',
    },
  },
  admin: {
    description: 'For the owner of this bot',
    subcommands: {
      status: 'What the bot is doing',
      pause: 'Start no more clips; still accept requests',
      resume: 'Accept requests and start clips again',
      drain: 'Accept no more requests; finish what waits',
      cancel: "Cancel anybody's clip",
      block: 'Block a person or server',
      unblock: 'Unblock a person or server',
      'reset-quota': "Reset a person's daily quota",
    },
    options: { job: 'ID of the clip, as /queue shows it', user: 'The person', guild: 'ID of the server' },
    modes: {
      open: '🟢 The queue is open.',
      paused: '⏸️ The queue is paused.',
      draining: '🚧 The queue takes no new requests and is being finished.',
    },
    status: ({ servers, uptimeMoment }) =>
      `On ${plural(servers, { one: '1 server', other: `${servers} servers` })}, started ${uptimeMoment}.`,
    worker: ({ name, job, fault, unfit }) =>
      unfit !== undefined
        ? `⚪ **${name}** takes no clips: ${unfit}`
        : fault
          ? `🔴 **${name}**: taken out (\`${fault.code}\`), tries again ${fault.retry}`
          : `🟢 **${name}**: ${job === undefined ? 'waiting' : `working on \`${job}\``}`,
    moreWorkers: (count) => `… and ${count} more`,
    hostFault: ({ reason, since, retry }) =>
      `🔴 No clips can be made: ${reason}${/[.!?]$/.test(reason) ? '' : '.'} This began ${since}.` +
      (retry === undefined ? '' : ` It tries again ${retry}.`),
    cancelled: (id) => `🚫 \`${id}\` is cancelled.`,
    blocked: (who) => `⛔ ${who} is blocked.`,
    unblocked: (who) => `✅ ${who} is no longer blocked.`,
    quotaReset: (who) => `✅ The daily quota of ${who} was reset.`,
  },
  presence: {
    idle: 'Waiting for a picture',
    paused: 'Paused',
    hostPaused: 'Paused: no clips right now',
    busy: ({ running, waiting }) => `${running} running, ${waiting} waiting`,
  },
  broke: (id) => `⚠️ Something broke (id ${id}). The people who run this bot can find the reason in its log.`,
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
      `${found} pictures are not supported here. Attach a JPEG, PNG, WebP, GIF or AVIF.`,
    'picture-heic': () =>
      'HEIC pictures cannot be read here. Save yours as JPEG and attach that. On an iPhone: Settings, Camera, Formats, “Most Compatible”.',
    'picture-blank': () => 'That picture is blank. Attach another one.',
    'picture-too-many-pixels': ({ limitMegapixels }) => `Too many pixels: the limit is ${limitMegapixels} megapixels.`,
    'picture-too-large-interlaced': ({ limitMegapixels }) =>
      `Progressive and interlaced pictures may have up to ${limitMegapixels} megapixels. Save yours as a normal JPEG or PNG, or make it smaller.`,
    'picture-broken': () =>
      'The picture is damaged or cut off and cannot be read. Save it again and attach the new file.',
    'picture-timeout': ({ limitSeconds }) =>
      `Reading the picture took longer than ${limitSeconds} s. Try a simpler one.`,
    'picture-host': () => 'Only pictures on Discord itself can be used. Attach the file instead of a link.',
    'picture-unreachable': () => 'Discord did not send the picture. Attach it again.',
    'picture-slow': ({ limitSeconds }) => `Fetching the picture took longer than ${limitSeconds} s. Try again.`,
    'option-range': ({ option, min, max }) => `\`${option}\` must be a whole number from ${min} to ${max}.`,
    'settings-invalid': ({ setting, value, from, to, multipleOf }) => {
      const kind = multipleOf === 0 ? 'a number' : multipleOf === 1 ? 'a whole number' : `a multiple of ${multipleOf}`;
      return `With this model \`${setting}\` must be ${kind} from ${from} to ${to}, not ${value}.`;
    },
    'settings-invalid-name': ({ setting, value, names }) => `\`${setting}\` must be one of ${names}, not \`${value}\`.`,
    'bad-steps': ({ sampler, steps, from, to }) =>
      `With the sampler \`${sampler}\` a clip takes ${from} to ${to} steps, not ${steps}. Ask for fewer.`,
    'sampler-not-for-two-pictures': ({ sampler }) =>
      `The sampler \`${sampler}\` cannot make a clip that ends with a given picture. Choose another preset.`,
    'end-of-seamless-loop': () =>
      'A seamless loop ends as it begins, so it takes no `end` picture. Leave `end` out, or choose another `loop`.',
    'schedule-not-for-sampler': ({ sampler, schedule }) =>
      `The schedule \`${schedule}\` does not work with the sampler \`${sampler}\`. Choose another preset.`,
    'permissions-missing': ({ permissions }) =>
      `The bot is not allowed to post clips here. It needs: ${permissions}. Ask someone who manages this server.`,
    'clip-too-large': () => 'The clip is larger than Discord allows here. Try a simpler picture or less motion.',
    'clip-undeliverable': () =>
      'The clip is finished, but I am not allowed to post it here, and your direct messages are closed. Use `/queue` to get it before it is deleted.',
    'going-down': () => 'The bot is restarting. Ask again in a minute.',
    'storage-failed': () =>
      'The bot cannot save anything right now, so your request was not accepted. The people who run it have been told. Try again later.',
    'not-yours': () => 'Only the person who asked for this clip, and moderators, can do that.',
    'job-unknown': () => 'That clip no longer exists.',
    'action-unknown': () => 'That command or button is from an older version of the bot. Use `/animate`.',
    'too-late': () => 'Too late: the clip is finished already.',
    draining: () => 'The bot accepts no new requests for now. Try again later.',
    'limit-waiting-user': ({ limit, moment, clips }) =>
      `You can have up to ${plural(limit, { one: '1 waiting clip', other: `${limit} waiting clips` })} at a time.${moment ? ` The next one starts ${moment}.` : ''}${asTwo(clips)}`,
    'limit-waiting-guild': ({ limit, moment, clips }) =>
      `The queue of this server is full (at most ${limit}).${moment ? ` The next clip starts ${moment}.` : ''}${asTwo(clips)}`,
    'limit-waiting-total': ({ limit, moment, clips }) =>
      `The bot's queue is full (at most ${limit}). Try again later.${moment ? ` The next clip starts ${moment}.` : ''}${asTwo(clips)}`,
    'limit-cooldown': ({ limit, moment }) =>
      `One clip every ${plural(limit, { one: 'second', other: `${limit} seconds` })}: you can ask again ${moment}.`,
    'limit-quota': ({ limit, moment, clips }) =>
      `Your daily limit (${limit} in 24 hours) is used up: you can ask again ${moment}.${asTwo(clips)}`,
    'limit-steps': ({ limit }) =>
      `Up to ${plural(limit, { one: '1 step is', other: `${limit} steps are` })} allowed here. Ask for fewer.`,
    'limit-frames': ({ limit }) =>
      `Up to ${plural(limit, { one: '1 frame is', other: `${limit} frames are` })} allowed here. Ask for a shorter clip.`,
    'picture-unsafe': () => 'The content filter rejected this picture. Try another one.',
    'clip-unsafe': () => 'The content filter rejected this clip, so it is not shown.',
    'blocked-user': () => 'The people who run this bot have blocked you.',
    'blocked-guild': () => 'The people who run this bot have blocked this server.',
    'guild-not-allowed': () => 'This bot does not work on this server. Ask the people who run it.',
    'members-only': () => 'This bot is only for members of certain servers, and you are not in any of them.',
    'user-install-off': () => 'This bot only works on servers that have added it.',
    'place-channel': ({ places, more }) => `Clips can be made in: ${places}${andMore(more)}.`,
    'place-role': ({ roles, more }) => `Roles that can make clips here: ${roles}${andMore(more)}.`,
    'place-age': () => 'On this server clips can only be made in age-restricted channels.',
    'managers-only': () => 'Only people who can manage the server can do that.',
    'operators-only': () => 'Only the owner of the bot can do that.',
    'block-target': () => 'Choose a person, or enter the ID of a server.',
    'preset-unknown': ({ name }) => `There is no preset \`${name}\`.`,
    'wait-too-long': ({ moment }) =>
      `The queue is too long for here: your clip would be ready ${moment}, and where I am not a member I can only answer for 15 minutes. Ask on a server that has me, or try again later.`,
    'no-avatar': () =>
      'That person has no avatar of their own, only one of the pictures that Discord gives to everybody.',
    'thread-locked': () => 'This thread is locked, so I cannot post in it. Ask in another channel.',
    'already-asked': () => 'You already asked for a clip of that picture with a reaction.',
    'reaction-unanswered': () =>
      'I saw your reaction, but Discord did not accept my answer to it, so there is no clip. React again later.',
    'no-picture-there': () => 'There is no picture in that message, nor in the one it replies to.',
    'clip-expired': () => 'The picture of that clip has been deleted. Use `/animate` with the picture again.',
    'picture-forgotten': () =>
      'The person who sent that picture had it deleted. Use `/animate` with a picture of your own.',
    'already-largest': () => 'That clip has already been upscaled as far as it goes: 4×.',
    'already-smooth': () => 'That clip already has the highest frame rate.',
    'already-under-way': () => 'You already asked for that, and it is on its way.',
    'clip-longest': ({ limit }) => `That clip is as long as it gets: ${limit} frames.`,
    'no-settings-there': () => 'That message has no clip from this bot, or its file no longer contains the settings.',
    'number-needed': ({ option }) => `\`${option}\` must be a whole number.`,
    'list-full': ({ limit }) =>
      `The list is full (${limit} entries). Remove one with \`/kinora-config disallow\` first.`,
    'too-often': ({ moment }) => `That was quick. You can do this again ${moment}.`,
  },
};

const plural = pluralFor('en');

function asTwo(clips: string | number | undefined): string {
  return clips === 2 ? ' A clip that ends with a given picture counts as two.' : '';
}

function clips(count: number): string {
  return plural(count, { one: '1 clip', other: `${count} clips` });
}

/** Days where they are whole, else hours. */
function duration(hours: number): string {
  const days = hours / 24;
  if (Number.isInteger(days) && days > 1) return `${days} days`;
  return plural(hours, { one: '1 hour', other: `${hours} hours` });
}

function andMore(count: string | number | undefined): string {
  return typeof count === 'number' && count > 0 ? ` and ${count} more` : '';
}
