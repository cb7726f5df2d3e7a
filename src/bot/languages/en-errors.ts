import type { Messages } from './messages.ts';
import { pluralFor } from './plural.ts';

const plural = pluralFor('en');

/** English, of what was refused and what went wrong. */
export const enErrors: Messages['errors'] = {
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
  'picture-timeout': ({ limitSeconds }) => `Reading the picture took longer than ${limitSeconds} s. Try a simpler one.`,
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
  'requester-only': () => 'Only the person who asked for this clip can do that.',
  'job-unknown': () => 'That clip no longer exists.',
  'action-unknown': () => 'That command or button is from an older version of the bot. Use `/animate`.',
  'too-late': () => 'Too late: the clip is finished already.',
  'no-other-seed': ({ limit }) =>
    `A clip can start over with another seed up to ${limit} times, and a variation that you picked keeps its seed. Use \`/animate\` for one more.`,
  draining: () => 'The bot accepts no new requests for now. Try again later.',
  'limit-waiting-user': ({ limit, moment, clips }) =>
    `You can have up to ${plural(limit, { one: '1 waiting clip', other: `${limit} waiting clips` })} at a time.${moment ? ` The next one starts ${moment}.` : ''}${asSeveral(clips)}`,
  'limit-waiting-guild': ({ limit, moment, clips }) =>
    `The queue of this server is full (at most ${limit}).${moment ? ` The next clip starts ${moment}.` : ''}${asSeveral(clips)}`,
  'limit-waiting-total': ({ limit, moment, clips }) =>
    `The bot's queue is full (at most ${limit}). Try again later.${moment ? ` The next clip starts ${moment}.` : ''}${asSeveral(clips)}`,
  'limit-cooldown': ({ limit, moment }) =>
    `One clip every ${plural(limit, { one: 'second', other: `${limit} seconds` })}: you can ask again ${moment}.`,
  'limit-quota': ({ limit, moment, clips }) =>
    `You have reached your daily limit (${limit} in 24 hours). You can ask again ${moment}.${asSeveral(clips)}`,
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
  'place-channel': ({ places, more }) => `Clips can only be made in: ${places}${andMore(more)}.`,
  'place-role': ({ roles, more }) => `To make clips here you need one of these roles: ${roles}${andMore(more)}.`,
  'place-age': () => 'On this server clips can only be made in age-restricted channels.',
  'managers-only': () => 'Only people who can manage the server can do that.',
  'operators-only': () => 'Only the owner of the bot can do that.',
  'block-target': () => 'Choose a person, or enter the ID of a server.',
  'style-unknown': ({ name, known }) =>
    known === ''
      ? `There is no style \`${name}\` here.`
      : `There is no style \`${name}\` here, or it has changed since. There are: ${known}.`,
  'style-broken': ({ name }) =>
    `The style \`${name}\` does not work at the moment. The people who run the bot can see why in its log.`,
  'preset-unknown': ({ name }) => `There is no preset \`${name}\`.`,
  'wait-too-long': ({ moment }) =>
    `The queue is too long to ask from here: your clip would be ready ${moment}, but where I am not a member I can only answer for 15 minutes. Ask on a server that has me, or try again later.`,
  'no-avatar': () => 'That person has no avatar of their own, only one of Discord’s default ones.',
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
  'variation-picked': ({ number }) => `You already picked variation ${number}.`,
  'variations-expired': ({ number, seed }) =>
    `These previews have expired. Use \`/animate\` with the same picture and options and \`seed:${seed}\` to get variation ${number}.`,
  'clip-longest': ({ limit }) => `That clip cannot get any longer: ${limit} frames is the most.`,
  'no-settings-there': () => 'That message has no clip from this bot, or its file no longer contains the settings.',
  'number-needed': ({ option }) => `\`${option}\` must be a whole number.`,
  'list-full': ({ limit }) => `The list is full (${limit} entries). Remove one with \`/kinora-config disallow\` first.`,
  'too-often': ({ moment }) => `That was quick. You can do this again ${moment}.`,
};

function asSeveral(clips: string | number | undefined): string {
  return Number(clips) > 1 ? ` What you asked for counts as ${clips} clips.` : '';
}

function andMore(count: string | number | undefined): string {
  return typeof count === 'number' && count > 0 ? ` and ${count} more` : '';
}
