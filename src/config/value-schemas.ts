import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** A Discord bot token: one word, without the `Bot ` that belongs to the HTTP header. Unset stays undefined. */
export const discordToken = z
  .string()
  .regex(/^[\w.-]+$/, 'must be the bare token: no spaces, no quotes, no "Bot " before it')
  .optional();

/** A path; `~/` at its start is the home folder, as a shell would have read it. */
export const path = z
  .string()
  .refine((text) => !/^~[^/\\]/.test(text), 'must not begin with the home folder of another user; write it out')
  .transform(expandHome);

/** As {@link path}; unset stays undefined. */
export const optionalPath = path.optional();

/** Nobody but a shell does it, and none reads .env, an EnvironmentFile or a compose file. */
function expandHome(text: string): string {
  return text === '~' || /^~[/\\]/.test(text) ? join(homedir(), text.slice(1)) : text;
}

/** The address of Discord's API: http or https, without credentials, query or version. */
export function discordApiUrl(fallback: string) {
  return z
    .string()
    .refine(isApiUrl, 'must be an http or https address without a version such as /v10, a user, or a query')
    .transform((text) => text.replace(/\/+$/, ''))
    .default(fallback);
}

function isApiUrl(text: string): boolean {
  return isPlainWebAddress(text) && !/\/v\d+\/*$/.test(new URL(text).pathname);
}

/** The address of a Hugging Face hub or a mirror of it: http or https, without credentials or query. */
export function hubEndpoint(fallback: string) {
  return z
    .string()
    .refine(isPlainWebAddress, 'must be an http or https address without a user or a query')
    .transform((text) => text.replace(/\/+$/, ''))
    .default(fallback);
}

/** A Hugging Face access token: one word. Unset stays undefined. */
export const hubToken = z
  .string()
  .regex(/^[\w.-]+$/, 'must be the bare token: no spaces, no quotes')
  .optional();

/** The address of a Redis server. Unset stays undefined. */
export const redisUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && ['redis:', 'rediss:'].includes(new URL(text).protocol),
    'must be an address that begins with redis:// or rediss://',
  )
  .optional();

function isPlainWebAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && username + password + search + hash === '';
}

const hostPattern = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/;

/** Host names, each with an optional port, separated by commas; lower-cased. */
export function attachmentHosts(fallback: readonly string[]) {
  return z
    .string()
    .transform((text): readonly string[] =>
      text
        .split(',')
        .map((host) => host.trim().toLowerCase())
        .filter((host) => host !== ''),
    )
    .refine(
      (hosts) => hosts.length > 0 && hosts.every((host) => hostPattern.test(host)),
      'must be host names separated by commas, without https:// and without paths',
    )
    .default(fallback);
}

/** Ids of servers, separated by commas. Unset stays undefined. */
export const guildIds = z
  .string()
  .transform((text): readonly string[] =>
    text
      .split(',')
      .map((id) => id.trim())
      .filter((id) => id !== ''),
  )
  .refine(
    (ids) => ids.length > 0 && ids.every((id) => /^\d{17,20}$/.test(id)),
    'must be ids of servers, 17 to 20 digits each, separated by commas',
  )
  .optional();

/** A LoRA's file, and how much of it is added; 1 is what it was trained for. */
export interface NamedLora {
  file: string;
  scale: number;
}

/** Reads `FILE` or `FILE:SCALE`; undefined where that is neither. A colon of another kind belongs to the path. */
export function readLoraOption(text: string): NamedLora | undefined {
  const [, file = '', scale = '1'] = /^(.*?)(?::([+-]?\d+(?:\.\d+)?))?$/.exec(text.trim()) ?? [];
  return file.endsWith('.safetensors') && Math.abs(Number(scale)) <= 100
    ? { file: expandHome(file), scale: Number(scale) }
    : undefined;
}

/** LoRA files separated by commas, each maybe with its scale. Unset stays undefined. */
export const loraList = z
  .string()
  .transform((text, context): readonly NamedLora[] => {
    const loras = text.split(',').map(readLoraOption);
    if (loras.every((lora) => lora !== undefined)) return loras;
    context.addIssue({
      code: 'custom',
      message: 'must be .safetensors files separated by commas, each maybe with :SCALE',
    });
    return z.NEVER;
  })
  .optional();

/** `auto` (undefined), `none` (an empty list), or cards by their numbers and `cpu`, separated by commas. */
export const deviceList = z
  .string()
  .transform((text, context): readonly (number | 'cpu')[] | undefined => {
    if (text.trim() === 'auto') return undefined;
    if (text.trim() === 'none') return [];
    const words = text.split(',').map((word) => word.trim());
    if (words.every((word) => /^(cpu|\d{1,3})$/.test(word)))
      return words.map((word) => (word === 'cpu' ? word : Number(word)));
    context.addIssue({
      code: 'custom',
      message: 'must be auto, none, or numbers of cards and cpu separated by commas',
    });
    return z.NEVER;
  })
  .optional();

/** One of a few words. */
export function oneOf<const Names extends readonly [string, ...string[]]>(names: Names, fallback: Names[number]) {
  return z.enum(names, { error: `must be one of ${names.join(', ')}` }).default(() => fallback);
}

/** A whole number within [min, max], written in digits. */
export function wholeNumber({ min, max, fallback }: { min: number; max: number; fallback: number }) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .default(fallback);
}

const listenPattern = /^(?:(\[[\da-f:.]+\]|[a-z\d.-]+):)?(\d{1,5})$/i;

/** A port, or host:port, to listen on; an IPv6 address stands in brackets. A port alone is for this machine. Unset stays undefined. */
export const httpListen = z
  .string()
  .transform((text, context) => {
    const [, host = '127.0.0.1', port] = listenPattern.exec(text) ?? [];
    if (Number(port) >= 1 && Number(port) <= 65_535) return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
    context.addIssue({ code: 'custom', message: 'must be a port from 1 to 65535, or host:port' });
    return z.NEVER;
  })
  .optional();

/** An emoji with its modifiers and joined parts, a flag, or a server's own emoji as `name:id`. */
const emojiPattern =
  /^(\p{Extended_Pictographic}(\p{Emoji_Modifier}|\u200d|\ufe0f|\p{Extended_Pictographic})*|\p{Regional_Indicator}{2}|\w{2,32}:\d{17,20})$/u;

/** The emoji that people react with; undefined where none is set. */
export const reactionEmoji = z.string().regex(emojiPattern, 'must be one emoji, or name:id of a custom one').optional();
