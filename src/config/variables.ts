import type { z } from 'zod';
import { uploadLimitMb } from '../util/upload-limit.ts';
import { blobVariables } from './blob-variables.ts';
import { executionVariables } from './execution-variables.ts';
import { limitVariables } from './limit-variables.ts';
import { remoteVariables } from './remote-variables.ts';
import {
  attachmentHosts,
  discordApiUrl,
  discordToken,
  guildIds,
  httpListen,
  hubEndpoint,
  hubToken,
  loraList,
  oneOf,
  optionalPath,
  path,
  reactionEmoji,
  redisUrl,
  wholeNumber,
} from './value-schemas.ts';

/** One environment variable: what it means, how it is read, and a value that works. */
export interface Variable<Schema extends z.ZodType = z.ZodType> {
  /** Sentences for `.env.example`, one per line. */
  description: readonly string[];
  /** Reads the raw text; `undefined` where the variable is unset or empty. */
  schema: Schema;
  /** A valid value, for `.env.example` and error messages; where there is a default, the default. */
  example: string;
  /** Never shown, not even when it is wrong. */
  secret?: true;
  /** Values that were called otherwise in the version before, and what they are called now. */
  formerValues?: Readonly<Record<string, string>>;
}

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** Every environment variable that Kinora reads, in the order of `.env.example`. */
export const variables = {
  DISCORD_TOKEN: {
    description: [
      "The bot's token, from https://discord.com/developers/applications (Bot, Reset Token).",
      'Needed by `kinora bot` alone.',
    ],
    schema: discordToken,
    example: 'paste-the-token-here',
    secret: true,
  },
  DISCORD_API_URL: {
    description: ["Where Discord's API is, without the version. Only a local stand-in needs another."],
    schema: discordApiUrl('https://discord.com/api'),
    example: 'https://discord.com/api',
  },
  ATTACHMENT_HOSTS: {
    description: [
      'The only hosts that pictures are fetched from (host or host:port), separated by commas.',
      'Any other host would be a way into your network. All four are Discord: images-ext has its copies of pictures',
      'that links show.',
    ],
    schema: attachmentHosts([
      'cdn.discordapp.com',
      'media.discordapp.net',
      'images-ext-1.discordapp.net',
      'images-ext-2.discordapp.net',
    ]),
    example: 'cdn.discordapp.com,media.discordapp.net,images-ext-1.discordapp.net,images-ext-2.discordapp.net',
  },
  MODEL_DIR: {
    description: [
      'A model folder in diffusers layout (model_index.json, unet/, vae/, ...), a single-file checkpoint such as',
      "svd_xt.safetensors, or the name of a repository in Hugging Face's cache (owner/name).",
      'Unset: the model that kinora model pull or another program has downloaded, where there is exactly one; else the',
      'small demo model that comes with Kinora.',
    ],
    schema: optionalPath,
    example: 'models/demo',
  },
  STYLE_DIR: {
    description: [
      'A folder of networks that redraw a picture before it is animated (`style:` in /animate, kinora animate --style): NAME.onnx',
      'and NAME.json each. docs/styles.md tells where to get them and what the JSON says.',
    ],
    schema: optionalPath,
    example: 'styles',
  },
  LORAS: {
    description: [
      "LoRAs that are added to the model's UNet: .safetensors files separated by commas, each maybe with a colon and how",
      'much of it. Only the weights that they change are copied into memory.',
    ],
    schema: loraList,
    example: 'loras/style.safetensors:0.8',
  },
  ...executionVariables,
  FFMPEG_PATH: {
    description: ['The ffmpeg binary. Unset: ffmpeg on PATH, then the one that npm installed.'],
    schema: optionalPath,
    example: '/usr/bin/ffmpeg',
  },
  REACTION_EMOJI: {
    description: [
      'People who put this emoji under a picture get a clip of it; a custom emoji is written name:id. Unset: reactions',
      'are not heard. Pictures of others are seen only with the Message Content Intent (Bot page of the portal).',
    ],
    schema: reactionEmoji,
    example: '🎬',
  },
  ALLOWED_GUILDS: {
    description: [
      'The ids of the only servers that are served, separated by commas; in direct messages their members are. In others the',
      'bot stays, but says that it does not work there. Unset: every server that adds the bot, and everybody.',
    ],
    schema: guildIds,
    example: '123456789012345678,234567890123456789',
  },
  USER_INSTALLS: {
    description: [
      'Whether people may add the app for themselves and use it in any server and conversation: on, or off (only servers',
      'add it). Switch it off in the portal as well: Installation, User Install.',
    ],
    schema: oneOf(['on', 'off'], 'on'),
    example: 'on',
  },
  MAX_PICTURE_MEGAPIXELS: {
    description: [
      'The largest picture that people may send, in millions of pixels; interlaced and progressive ones may have two',
      `thirds of it. Reading takes 3 to 7 bytes of memory a pixel, WebP 11, AVIF 20. Files may have ${uploadLimitMb} MB whatever this says.`,
    ],
    schema: wholeNumber({ min: 1, max: 1000, fallback: 25 }),
    example: '25',
  },
  MAX_UPLOAD_MB: {
    description: ["The largest clip to upload, in MiB; Discord's own limit for the place still holds when lower."],
    schema: wholeNumber({ min: 1, max: 500, fallback: uploadLimitMb }),
    example: String(uploadLimitMb),
  },
  DATA_DIR: {
    description: ['Where queued jobs and their pictures are kept.'],
    schema: path.default('data'),
    example: 'data',
  },
  QUEUE_URL: {
    description: [
      'The Redis or Valkey that brings clips to workers on other hosts, the same for the bot and all of them: redis:// or',
      'rediss:// (TLS). Unset: this host makes all clips.',
    ],
    schema: redisUrl,
    example: 'redis://127.0.0.1:6379',
    secret: true,
  },
  RETENTION_HOURS: {
    description: ['How long delivered clips and their pictures are kept for the buttons under them.'],
    schema: wholeNumber({ min: 1, max: 87_600, fallback: 168 }),
    example: '168',
  },
  ...limitVariables,
  PING_AFTER_MINUTES: {
    description: ['Who waited longer than this is mentioned once when the clip is there; 0 means nobody is.'],
    schema: wholeNumber({ min: 0, max: 10_000, fallback: 5 }),
    example: '5',
  },
  SHUTDOWN_GRACE_SECONDS: {
    description: [
      'How long the clip that is being made may take to be finished when the bot is told to stop; after that it goes',
      'back to the queue and is made at the next start. Keep it under what your service manager allows (Docker: 10).',
    ],
    schema: wholeNumber({ min: 0, max: 3_600, fallback: 5 }),
    example: '5',
  },
  NSFW_MODEL_DIR: {
    description: [
      'A folder with an image classifier in ONNX (config.json, preprocessor_config.json, model.onnx) that looks at the',
      'pictures handed in and at frames of the clips. Unset: nothing is looked at.',
    ],
    schema: optionalPath,
    example: 'models/nsfw',
  },
  NSFW_THRESHOLD_PERCENT: {
    description: ['From which rating of that classifier on a picture or clip is refused.'],
    schema: wholeNumber({ min: 1, max: 100, fallback: 70 }),
    example: '70',
  },
  MODEL_IDLE_SECONDS: {
    description: ['The render process ends, and frees its memory, after this many seconds without a job.'],
    schema: wholeNumber({ min: 0, max: 86_400, fallback: 300 }),
    example: '300',
  },
  STALL_SECONDS: {
    description: [
      'A render process that makes no progress for this many seconds, or for ten times what the step should take where',
      'that is longer, is killed and the clip begun again. One that computes is given twelve times as long where nothing',
      'has been measured yet.',
    ],
    schema: wholeNumber({ min: 1, max: 86_400, fallback: 300 }),
    example: '300',
  },
  CHECKPOINT_SECONDS: {
    description: [
      'How often, in seconds, the state of a running render is kept, so that a clip that a crash broke off goes on where',
      'it was; 0: never.',
    ],
    schema: wholeNumber({ min: 0, max: 86_400, fallback: 30 }),
    example: '30',
  },
  PREVIEW_SECONDS: {
    description: [
      'How often, in seconds, the message of a running clip shows at most what the clip will look like: after a quarter,',
      'half and three quarters of the steps; 0: never.',
    ],
    schema: wholeNumber({ min: 0, max: 86_400, fallback: 15 }),
    example: '15',
  },
  HF_TOKEN: {
    description: [
      'A Hugging Face token with read access, for `kinora model pull` of a gated or private repository.',
      'Sent to HF_ENDPOINT alone.',
    ],
    schema: hubToken,
    example: 'paste-the-token-here',
    secret: true,
  },
  HF_ENDPOINT: {
    description: ['Where `kinora model pull` finds the Hugging Face hub: the real one or a mirror of it.'],
    schema: hubEndpoint('https://huggingface.co'),
    example: 'https://huggingface.co',
  },
  ...remoteVariables,
  ...blobVariables,
  HTTP_LISTEN: {
    description: [
      'Where the bot answers /healthz (alive), /readyz (able to work) and /metrics (Prometheus): a port, for this machine',
      'alone, or host:port. Nothing secret is told, and nobody is asked who they are. Unset: nothing is listened on.',
    ],
    schema: httpListen,
    example: '9464',
  },
  LOG_FORMAT: {
    description: ['Log lines: json, pretty (for people), or auto (pretty on a terminal, json elsewhere).'],
    schema: oneOf(['auto', 'json', 'pretty'], 'auto'),
    example: 'auto',
  },
  LOG_LEVEL: {
    description: ['How much is logged: debug, info, warn, error or silent.'],
    schema: oneOf(logLevels, 'info'),
    example: 'info',
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof variables;
