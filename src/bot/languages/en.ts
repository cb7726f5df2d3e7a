import { enAnimate } from './en-animate.ts';
import { enClip } from './en-clip.ts';
import { enErrors } from './en-errors.ts';
import type { Messages } from './messages.ts';
import { pluralFor } from './plural.ts';

/** English: the fallback for every locale that has no file of its own. */
export const en: Messages = {
  animate: enAnimate,
  clip: enClip,
  cancelButton: 'Cancel',
  seedButton: 'Another seed',
  previewAltText: 'Preview: a small, blurry version of your clip, which is still being made',
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
    asOf: (since) => `-# As of ${since}.`,
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
      previews: 'Show previews while clips are made',
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
    worker: ({ name, job, fault, unfit, lacking }) =>
      unfit !== undefined
        ? `⚪ **${name}** takes no clips: ${unfit}`
        : fault
          ? `🔴 **${name}**: taken out (\`${fault.code}\`), tries again ${fault.retry}`
          : `🟢 **${name}**: ${job === undefined ? 'waiting' : `working on \`${job}\``}${lacking === undefined ? '' : ` · lacks styles: ${lacking}`}`,
    moreWorkers: (count) => `… and ${count} more`,
    hostFault: ({ reason, since, retry }) =>
      `🔴 No clips can be made: ${reason}${/[.!?]$/.test(reason) ? '' : '.'} This began ${since}.` +
      (retry === undefined ? '' : ` It tries again ${retry}.`),
    styleFault: ({ reason, since }) =>
      `🟡 Some clips wait: ${reason}${/[.!?]$/.test(reason) ? '' : '.'} This began ${since}.`,
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
  errors: enErrors,
};

const plural = pluralFor('en');

function clips(count: number): string {
  return plural(count, { one: '1 clip', other: `${count} clips` });
}

/** Days where they are whole, else hours. */
function duration(hours: number): string {
  const days = hours / 24;
  if (Number.isInteger(days) && days > 1) return `${days} days`;
  return plural(hours, { one: '1 hour', other: `${hours} hours` });
}
