import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { type ExecutionOptions, executionSettings } from '../settings/execution.ts';
import type { NamedLora } from './value-schemas.ts';
import { inUnitOf } from './value-units.ts';
import { type Variable, type VariableName, variables } from './variables.ts';

type Values = { [Name in VariableName]: z.output<(typeof variables)[Name]['schema']> };

/** Everything an operator can set, checked and frozen. Folders are absolute. */
export interface Config {
  /** Undefined where none is set: commands that connect call {@link requireDiscordToken}. Never log it. */
  readonly discordToken: string | undefined;
  /** Without the version and without a trailing slash. */
  readonly discordApiUrl: string;
  /** Host names, lower case, with `:port` where one was given. */
  readonly attachmentHosts: readonly string[];
  readonly modelDir: string;
  /** Nobody chose a model: `modelDir` is the one that comes with Kinora. */
  readonly isModelDefault: boolean;
  /** Undefined: none. Files are absolute. */
  readonly loras: readonly NamedLora[] | undefined;
  /** Networks that redraw pictures; undefined: none. */
  readonly styleDir: string | undefined;
  /** How the model is run; undefined where the provider or the pipeline decides. */
  readonly execution: Readonly<ExecutionOptions>;
  /** What clips are made on; undefined: every card, else what the provider says. */
  readonly devices: readonly (number | 'cpu')[] | undefined;
  /** As written: a path, or a command's name on PATH. */
  readonly ffmpegPath: string | undefined;
  /** Several hosts; undefined where a variable is not set. Never log the address of the queue or the token. */
  readonly remote: {
    /** The Redis of the queue; undefined: every clip is made on this host. */
    readonly queueUrl: string | undefined;
    readonly listen: { readonly host: string; readonly port: number } | undefined;
    readonly token: string | undefined;
    readonly url: string | undefined;
    readonly name: string | undefined;
  };
  /** The store that files of remote jobs go over; undefined: the bot's own endpoint. Never log the credentials. */
  readonly blobs:
    | {
        readonly bucket: string;
        readonly prefix: string;
        readonly region: string;
        readonly endpoint: string | undefined;
        readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
      }
    | undefined;
  /** Undefined: reactions are not heard. */
  readonly reactionEmoji: string | undefined;
  /** Undefined: every server is served. */
  readonly allowedGuildIds: readonly string[] | undefined;
  readonly userInstalls: boolean;
  readonly maxPicturePixels: number;
  readonly maxUploadBytes: number;
  readonly dataDir: string;
  readonly retentionHours: number;
  /** 0 means: no limit. */
  readonly limits: {
    readonly maxWaitingPerUser: number;
    readonly maxWaitingPerGuild: number;
    readonly maxWaitingTotal: number;
    readonly cooldownSeconds: number;
    readonly dailyQuota: number;
    readonly maxSteps: number;
    readonly maxFrames: number;
  };
  /** Undefined: nobody is mentioned, whatever the wait. */
  readonly pingAfterMs: number | undefined;
  readonly shutdownGraceMs: number;
  /** Undefined: pictures and clips are not looked at. `threshold` is from 0 to 1. */
  readonly safety: { readonly modelDir: string; readonly threshold: number } | undefined;
  readonly modelIdleSeconds: number;
  readonly stallSeconds: number;
  /** 0 means: no state is kept. */
  readonly checkpointSeconds: number;
  /** 0 means: no previews are shown. */
  readonly previewSeconds: number;
  /** Undefined: only public repositories can be pulled. Never log it. */
  readonly hubToken: string | undefined;
  /** Without a trailing slash. */
  readonly hubEndpoint: string;
  /** Undefined: nothing is listened on. */
  readonly httpListen: Values['HTTP_LISTEN'];
  readonly logFormat: Values['LOG_FORMAT'];
  readonly logLevel: Values['LOG_LEVEL'];
}

/** The model that comes with Kinora; beside src/ as beside dist/. */
const packagedModelDir = fileURLToPath(new URL('../../models/demo', import.meta.url));

/**
 * The configuration that `environment` describes; relative paths are taken from the working folder.
 * @throws ConfigError all that is wrong at once: each variable's name, what is wrong with it, and a valid value
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const values = readValues(environment);
  return Object.freeze({
    discordToken: values.DISCORD_TOKEN,
    discordApiUrl: values.DISCORD_API_URL,
    attachmentHosts: Object.freeze([...values.ATTACHMENT_HOSTS]),
    modelDir: values.MODEL_DIR === undefined ? packagedModelDir : resolve(values.MODEL_DIR),
    isModelDefault: values.MODEL_DIR === undefined,
    loras: values.LORAS?.map(({ file, scale }) => ({ file: resolve(file), scale })),
    styleDir: values.STYLE_DIR === undefined ? undefined : resolve(values.STYLE_DIR),
    execution: Object.freeze(executionOf(values)),
    devices: values.DEVICES,
    ffmpegPath: values.FFMPEG_PATH,
    remote: Object.freeze({
      queueUrl: values.QUEUE_URL,
      listen: values.WORKER_LISTEN,
      token: values.WORKER_TOKEN,
      url: values.WORKER_URL,
      name: values.WORKER_NAME,
    }),
    blobs: values.BLOB_URL && Object.freeze(blobsOf(values, values.BLOB_URL)),
    reactionEmoji: values.REACTION_EMOJI,
    allowedGuildIds: values.ALLOWED_GUILDS && Object.freeze([...values.ALLOWED_GUILDS]),
    userInstalls: values.USER_INSTALLS === 'on',
    maxPicturePixels: values.MAX_PICTURE_MEGAPIXELS * 1_000_000,
    maxUploadBytes: values.MAX_UPLOAD_MB * 1024 * 1024,
    dataDir: resolve(values.DATA_DIR),
    retentionHours: values.RETENTION_HOURS,
    limits: Object.freeze({
      maxWaitingPerUser: values.MAX_WAITING_PER_USER,
      maxWaitingPerGuild: values.MAX_WAITING_PER_GUILD,
      maxWaitingTotal: values.MAX_WAITING_TOTAL,
      cooldownSeconds: values.COOLDOWN_SECONDS,
      dailyQuota: values.DAILY_QUOTA,
      maxSteps: values.MAX_STEPS,
      maxFrames: values.MAX_FRAMES,
    }),
    pingAfterMs: values.PING_AFTER_MINUTES * 60_000 || undefined,
    shutdownGraceMs: values.SHUTDOWN_GRACE_SECONDS * 1000,
    safety:
      values.NSFW_MODEL_DIR === undefined
        ? undefined
        : Object.freeze({ modelDir: resolve(values.NSFW_MODEL_DIR), threshold: values.NSFW_THRESHOLD_PERCENT / 100 }),
    modelIdleSeconds: values.MODEL_IDLE_SECONDS,
    stallSeconds: values.STALL_SECONDS,
    checkpointSeconds: values.CHECKPOINT_SECONDS,
    previewSeconds: values.PREVIEW_SECONDS,
    hubToken: values.HF_TOKEN,
    hubEndpoint: values.HF_ENDPOINT,
    httpListen: values.HTTP_LISTEN,
    logFormat: values.LOG_FORMAT,
    logLevel: values.LOG_LEVEL,
  });
}

/** Keys that are not whole were refused before. */
function blobsOf(values: Values, { bucket, prefix, region, endpoint }: NonNullable<Values['BLOB_URL']>) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = values;
  return {
    bucket,
    prefix,
    region: region ?? values.AWS_REGION,
    endpoint: endpoint ?? values.AWS_ENDPOINT_URL_S3,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey, ...(token !== undefined && { sessionToken: token }) },
  };
}

/** How the model is run; undefined where a variable says that the provider or the pipeline decides. */
function executionOf(values: Values): ExecutionOptions {
  return Object.fromEntries(
    Object.entries(executionSettings).map(([name, { variable }]) => {
      const value = values[variable.name];
      return [name, 'unset' in variable && value === variable.unset ? undefined : value];
    }),
  ) as unknown as ExecutionOptions;
}

/**
 * The token to connect with.
 * @throws ConfigError none is set; the message says where to get one
 */
export function requireDiscordToken(config: Config): string {
  if (config.discordToken !== undefined) return config.discordToken;
  const { example } = variables.DISCORD_TOKEN;
  throw new ConfigError(
    'config-missing',
    'DISCORD_TOKEN is not set. Three steps: (1) make an application at https://discord.com/developers/applications; ' +
      `(2) on its page "Bot" press Reset Token and copy it; (3) put DISCORD_TOKEN=${example} into .env ` +
      '(cp .env.example .env) and run npm start again. docs/discord.md tells more.',
  );
}

/**
 * The variables of several hosts that a command needs.
 * @throws ConfigError one of them is not set
 */
export function requireRemote<Name extends keyof Config['remote']>(
  { remote }: Pick<Config, 'remote'>,
  names: readonly Name[],
): { [Each in Name]: NonNullable<Config['remote'][Each]> } {
  const missing = names.filter((name) => remote[name] === undefined).map((name) => remoteNames[name]);
  if (missing.length > 0) {
    const texts = missing.map((name) => `${name} is not set, for example ${name}=${variables[name].example}`);
    throw new ConfigError('config-missing', `${texts.join('; ')}. docs/operating.md says what several hosts need.`);
  }
  return remote as { [Each in Name]: NonNullable<Config['remote'][Each]> };
}

const remoteNames = {
  queueUrl: 'QUEUE_URL',
  listen: 'WORKER_LISTEN',
  token: 'WORKER_TOKEN',
  url: 'WORKER_URL',
  name: 'WORKER_NAME',
} as const satisfies Record<keyof Config['remote'], VariableName>;

function currentValue({ formerValues = {} }: Variable, text: string): string | undefined {
  return Object.hasOwn(formerValues, text) ? formerValues[text] : text;
}

function readValues(environment: Readonly<Record<string, string | undefined>>): Values {
  const { values, problems } = parseVariables(environment);
  if (problems.length > 0) throw new ConfigError('config-invalid', problems.map(({ text }) => text).join('; '));
  // Each name was read by its own schema, which is what Values says.
  return values as Values;
}

/** A variable whose value cannot be used, and why. */
export interface ConfigProblem {
  name: string;
  text: string;
}

/** Every variable whose value {@link readConfig} refuses. */
export function configProblems(environment: Readonly<Record<string, string | undefined>>): ConfigProblem[] {
  return parseVariables(environment).problems;
}

function parseVariables(environment: Readonly<Record<string, string | undefined>>) {
  const values: Record<string, unknown> = {};
  const problems: ConfigProblem[] = [];
  for (const [name, variable] of Object.entries<Variable>(variables)) {
    // An empty line in .env (`PROVIDER=`) means the same as no line.
    const given = environment[name]?.trim() || undefined;
    const text = given === undefined ? undefined : currentValue(variable, given);
    const result = variable.schema.safeParse(text);
    if (result.success) values[name] = result.data;
    else problems.push({ name, text: describeProblem(name, { variable, text, error: result.error }) });
  }
  const [one, other] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
  for (const [name, missing] of [
    [one, other],
    [other, one],
  ] as const) {
    if (values.BLOB_URL === undefined || values[name] === undefined || values[missing] !== undefined) continue;
    problems.push({ name, text: `${name} is set without ${missing}: BLOB_URL needs both, or neither` });
  }
  return { values, problems };
}

function describeProblem(
  name: string,
  { variable, text, error }: { variable: Variable; text: string | undefined; error: z.ZodError },
): string {
  const what = error.issues[0]?.message ?? 'is not valid';
  const was = variable.secret === true ? '' : ` (it is "${text}")`;
  const meant = variable.secret === true ? undefined : inUnitOf(name, { variable, text });
  return `${name} ${what}${was}, ${meant === undefined ? `for example ${name}=${variable.example}` : `perhaps ${name}=${meant}`}`;
}
