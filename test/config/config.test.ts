import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig, requireDiscordToken } from '../../src/config/config.ts';
import { suspiciousVariables } from '../../src/config/suspicious-variables.ts';
import { ConfigError } from '../../src/errors.ts';
import { executionSchema } from '../../src/settings/execution.ts';

function problemOf(environment: Record<string, string>): ConfigError {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('readConfig', () => {
  it('needs no variable at all', () => {
    const config = readConfig({});
    expect(config).toEqual({
      discordToken: undefined,
      discordApiUrl: 'https://discord.com/api',
      attachmentHosts: [
        'cdn.discordapp.com',
        'media.discordapp.net',
        'images-ext-1.discordapp.net',
        'images-ext-2.discordapp.net',
      ],
      modelDir: resolve('models/demo'),
      isModelDefault: true,
      execution: {
        provider: 'auto',
        threads: undefined,
        precision: undefined,
        memoryMode: undefined,
        cpuMemory: 'prepacked',
        guidanceBatch: undefined,
        cudaGraph: 'channels-last',
        feedForwardChunk: undefined,
      },
      ffmpegPath: undefined,
      remote: {},
      allowedGuildIds: undefined,
      userInstalls: true,
      maxPicturePixels: 25_000_000,
      maxUploadBytes: 20 * 1024 * 1024,
      dataDir: resolve('data'),
      retentionHours: 168,
      limits: {
        maxWaitingPerUser: 3,
        maxWaitingPerGuild: 30,
        maxWaitingTotal: 100,
        cooldownSeconds: 0,
        dailyQuota: 0,
        maxSteps: 0,
        maxFrames: 0,
      },
      pingAfterMs: 300_000,
      shutdownGraceMs: 5_000,
      safety: undefined,
      modelIdleSeconds: 300,
      stallSeconds: 300,
      checkpointSeconds: 30,
      previewSeconds: 15,
      hubToken: undefined,
      hubEndpoint: 'https://huggingface.co',
      httpListen: undefined,
      logFormat: 'auto',
      logLevel: 'info',
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.attachmentHosts)).toBe(true);
  });

  it('reads every variable', () => {
    expect(
      readConfig({
        DISCORD_TOKEN: 'abc.DEF-1_2.x',
        DISCORD_API_URL: 'http://127.0.0.1:8080/api/',
        ATTACHMENT_HOSTS: '127.0.0.1:8080, CDN.example.org',
        MODEL_DIR: '/models/svd',
        PROVIDER: 'cpu',
        THREADS: '2',
        PRECISION: 'float32',
        MEMORY_MODE: 'sequential-offload',
        CPU_MEMORY: 'mmap',
        GUIDANCE_BATCH: 'split',
        CUDA_GRAPH: 'plain',
        FEED_FORWARD_CHUNK: '4096',
        FFMPEG_PATH: 'ffmpeg',
        ALLOWED_GUILDS: '123456789012345678, 234567890123456789,',
        USER_INSTALLS: 'off',
        MAX_PICTURE_MEGAPIXELS: '50',
        MAX_UPLOAD_MB: '25',
        DATA_DIR: '/var/lib/kinora',
        QUEUE_URL: 'rediss://bot:secret@redis.example:6380/2',
        RETENTION_HOURS: '24',
        MAX_WAITING_PER_USER: '1',
        MAX_WAITING_PER_GUILD: '2',
        MAX_WAITING_TOTAL: '9',
        COOLDOWN_SECONDS: '60',
        DAILY_QUOTA: '10',
        MAX_STEPS: '30',
        MAX_FRAMES: '14',
        PING_AFTER_MINUTES: '0',
        SHUTDOWN_GRACE_SECONDS: '90',
        NSFW_MODEL_DIR: '/models/nsfw',
        NSFW_THRESHOLD_PERCENT: '85',
        MODEL_IDLE_SECONDS: '0',
        STALL_SECONDS: '20',
        CHECKPOINT_SECONDS: '0',
        PREVIEW_SECONDS: '9',
        HF_TOKEN: 'hf_abc',
        HF_ENDPOINT: 'https://mirror.example/',
        WORKER_LISTEN: '[::1]:9466',
        WORKER_TOKEN: '0123456789abcdef',
        WORKER_URL: 'https://bot.example/',
        WORKER_NAME: 'gpu-1',
        BLOB_URL: 's3://clips/kinora/one?endpoint=http://minio:9000/&region=eu-1',
        AWS_ACCESS_KEY_ID: 'key',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_SESSION_TOKEN: 'token',
        AWS_REGION: 'eu-2',
        AWS_ENDPOINT_URL_S3: 'http://other:9000',
        HTTP_LISTEN: '[::1]:9000',
        LOG_FORMAT: 'json',
        LOG_LEVEL: 'debug',
      }),
    ).toEqual({
      discordToken: 'abc.DEF-1_2.x',
      discordApiUrl: 'http://127.0.0.1:8080/api',
      attachmentHosts: ['127.0.0.1:8080', 'cdn.example.org'],
      modelDir: '/models/svd',
      isModelDefault: false,
      execution: {
        provider: 'cpu',
        threads: 2,
        precision: 'float32',
        memoryMode: 'sequential-offload',
        cpuMemory: 'mmap',
        guidanceBatch: 'split',
        cudaGraph: 'plain',
        feedForwardChunk: 4096,
      },
      ffmpegPath: 'ffmpeg',
      remote: {
        queueUrl: 'rediss://bot:secret@redis.example:6380/2',
        listen: { host: '::1', port: 9466 },
        token: '0123456789abcdef',
        url: 'https://bot.example',
        name: 'gpu-1',
      },
      blobs: {
        bucket: 'clips',
        prefix: 'kinora/one/',
        region: 'eu-1',
        endpoint: 'http://minio:9000',
        credentials: { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token' },
      },
      allowedGuildIds: ['123456789012345678', '234567890123456789'],
      userInstalls: false,
      maxPicturePixels: 50_000_000,
      maxUploadBytes: 25 * 1024 * 1024,
      dataDir: '/var/lib/kinora',
      retentionHours: 24,
      limits: {
        maxWaitingPerUser: 1,
        maxWaitingPerGuild: 2,
        maxWaitingTotal: 9,
        cooldownSeconds: 60,
        dailyQuota: 10,
        maxSteps: 30,
        maxFrames: 14,
      },
      pingAfterMs: undefined,
      shutdownGraceMs: 90_000,
      safety: { modelDir: '/models/nsfw', threshold: 0.85 },
      modelIdleSeconds: 0,
      stallSeconds: 20,
      checkpointSeconds: 0,
      previewSeconds: 9,
      hubToken: 'hf_abc',
      hubEndpoint: 'https://mirror.example',
      httpListen: { host: '::1', port: 9000 },
      logFormat: 'json',
      logLevel: 'debug',
    });
  });

  it.each([
    ['9464', { host: '127.0.0.1', port: 9464 }],
    ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
    ['kinora.internal:65535', { host: 'kinora.internal', port: 65_535 }],
  ])('listens for this machine alone where HTTP_LISTEN names no host: %s', (text, expected) => {
    expect(readConfig({ HTTP_LISTEN: text }).httpListen).toEqual(expected);
  });

  it.each(['0', '65536', 'localhost', ':9464', '::1:9464', 'http://localhost:9464', '9464/metrics'])(
    'refuses to listen on %s',
    (text) => {
      expect(problemOf({ HTTP_LISTEN: text }).message).toMatch(
        /^HTTP_LISTEN must be a port.*for example HTTP_LISTEN=9464/,
      );
    },
  );

  it('takes the values that had another name in the version before, and warns of them', () => {
    const environment = { MEMORY_MODE: 'sequential', CPU_MEMORY: 'mapped', GUIDANCE_BATCH: ' apart ', PROVIDER: 'cpu' };
    expect(readConfig(environment).execution).toMatchObject({
      memoryMode: 'sequential-offload',
      cpuMemory: 'mmap',
      guidanceBatch: 'split',
    });
    expect(suspiciousVariables(environment)).toEqual([
      'MEMORY_MODE=sequential is now called MEMORY_MODE=sequential-offload; the next version will not know the old name.',
      'CPU_MEMORY=mapped is now called CPU_MEMORY=mmap; the next version will not know the old name.',
      'GUIDANCE_BATCH=apart is now called GUIDANCE_BATCH=split; the next version will not know the old name.',
    ]);
    expect(suspiciousVariables({ MEMORY_MODE: 'resident' })).toEqual([]);
    expect(() => readConfig({ MEMORY_MODE: 'toString' })).toThrow(/MEMORY_MODE must be one of/);
  });

  it('reads LoRAs with their scales, and makes their paths absolute', () => {
    const { loras } = readConfig({ LORAS: 'a.safetensors:0.8, /b/c.safetensors ,d.safetensors:-1' });
    expect(loras).toEqual([
      { file: resolve('a.safetensors'), scale: 0.8 },
      { file: '/b/c.safetensors', scale: 1 },
      { file: resolve('d.safetensors'), scale: -1 },
    ]);
  });

  it('takes ~/ for the home folder in every path', () => {
    const home = homedir();
    const written = {
      MODEL_DIR: '~/svd',
      DATA_DIR: '~/kinora/data',
      NSFW_MODEL_DIR: '~',
      LORAS: '~/a.safetensors:0.5',
    };
    expect(readConfig({ ...written, FFMPEG_PATH: '~/bin/ffmpeg' })).toMatchObject({
      modelDir: join(home, 'svd'),
      dataDir: join(home, 'kinora/data'),
      safety: { modelDir: home },
      loras: [{ file: join(home, 'a.safetensors'), scale: 0.5 }],
      ffmpegPath: join(home, 'bin/ffmpeg'),
    });
    expect(() => readConfig({ DATA_DIR: '~other/data' })).toThrow(
      /DATA_DIR must not begin with the home folder of another/,
    );
  });

  it.each([
    ['MAX_UPLOAD_MB', '20MB', '20'],
    ['MAX_UPLOAD_MB', '20971520', '20'],
    ['STALL_SECONDS', '5m', '300'],
    ['STALL_SECONDS', '300000', '300'],
    ['RETENTION_HOURS', '7d', '168'],
    ['RETENTION_HOURS', '604800', '168'],
    ['PING_AFTER_MINUTES', '1 hour', '60'],
    ['NSFW_THRESHOLD_PERCENT', '0.7', '70'],
    ['NSFW_THRESHOLD_PERCENT', '70%', '70'],
    ['MAX_PICTURE_MEGAPIXELS', '25000000', '25'],
  ])('says what %s=%s would be in its own unit', (name, text, meant) => {
    expect(() => readConfig({ [name]: text })).toThrow(new RegExp(`\\(it is "${text}"\\), perhaps ${name}=${meant}$`));
  });

  it('names the variable that a misspelt one was meant to be, and leaves those of others alone', () => {
    const slips = {
      DISCORD_TOKE: 'x',
      PROVDIER: 'cpu',
      'MODEL-DIR': 'x',
      KINORA_DATA_DIR: 'x',
      loglevel: 'debug',
      THREADSS: '1',
    };
    expect(suspiciousVariables(slips)).toEqual(
      ['DISCORD_TOKEN', 'PROVIDER', 'MODEL_DIR', 'DATA_DIR', 'LOG_LEVEL', 'THREADS'].map(
        (name, index) => `${Object.keys(slips)[index]} means nothing to Kinora. Did you mean ${name}?`,
      ),
    );
    const others = {
      HF_HOME: 'x',
      PATH: 'x',
      XDG_DATA_DIRS: 'x',
      NODE_ENV: 'x',
      CUDA_VISIBLE_DEVICES: '0',
      TMPDIR: 'x',
    };
    expect(suspiciousVariables(others)).toEqual([]);
    expect(suspiciousVariables({ PROVDIER: 'cpu', PROVIDER: 'cuda' })).toEqual([]);
  });

  it('takes an empty variable for an unset one', () => {
    expect(readConfig({ PROVIDER: '', DISCORD_TOKEN: ' ', MODEL_DIR: '' })).toEqual(readConfig({}));
  });

  it.each([
    ['PROVIDER', 'gpu', 'PROVIDER must be one of auto, cuda, webgpu, cpu (it is "gpu"), for example PROVIDER=auto'],
    [
      'MAX_UPLOAD_MB',
      '0',
      'MAX_UPLOAD_MB must be a whole number from 1 to 500 (it is "0"), for example MAX_UPLOAD_MB=20',
    ],
    ['MAX_UPLOAD_MB', '8.5', /whole number/],
    ['MAX_UPLOAD_MB', '1e2', /whole number/],
    ['DEVICES', '0;1', /^DEVICES must be auto, none, or numbers of cards and cpu separated by commas/],
    ['DEVICES', '0,gpu', /^DEVICES must be auto/],
    ['THREADS', '-1', /^THREADS must be a whole number from 0 to 512/],
    ['MODEL_IDLE_SECONDS', 'never', /^MODEL_IDLE_SECONDS must be/],
    ['STALL_SECONDS', '0', /^STALL_SECONDS must be a whole number from 1 to/],
    ['CHECKPOINT_SECONDS', '0.5', /^CHECKPOINT_SECONDS must be a whole number from 0 to/],
    ['LOG_LEVEL', 'loud', /^LOG_LEVEL must be one of debug/],
    ['DISCORD_API_URL', 'discord.com', /^DISCORD_API_URL must be an http or https address/],
    ['DISCORD_API_URL', 'https://discord.com/api/v10', /without a version/],
    ['DISCORD_API_URL', 'ftp://discord.com', /http or https/],
    ['ATTACHMENT_HOSTS', 'https://cdn.discordapp.com', /without https/],
    ['ATTACHMENT_HOSTS', ' , ', /^ATTACHMENT_HOSTS must be host names/],
    ['ALLOWED_GUILDS', 'My server', /^ALLOWED_GUILDS must be ids of servers/],
    ['ALLOWED_GUILDS', ',', /^ALLOWED_GUILDS must be ids of servers/],
    ['USER_INSTALLS', 'false', /^USER_INSTALLS must be one of on, off/],
    ['BLOB_URL', 'https://clips.example', /^BLOB_URL must be s3:\/\/BUCKET\/PREFIX/],
    ['BLOB_URL', 's3://key:secret@clips', /^BLOB_URL must be without keys/],
    ['BLOB_URL', 's3://clips?endpoint=minio:9000', /^BLOB_URL has a parameter.*endpoint must be an http/],
    ['BLOB_URL', 's3://clips?acl=public', /^BLOB_URL must have no other parameters/],
    ['LORAS', 'style', /^LORAS must be \.safetensors files separated by commas/],
    ['LORAS', 'a.safetensors:x', /^LORAS must be/],
    ['LORAS', 'a.safetensors:1000', /^LORAS must be/],
    ['LORAS', 'a.safetensors,,b.safetensors', /^LORAS must be/],
  ])('%s=%s is refused with its name and a valid value', (name, value, message) => {
    const error = problemOf({ [name]: value });
    expect(error.code).toBe('config-invalid');
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`for example ${name}=`);
  });

  it('takes the region and the address of a store from the usual variables, and its keys whole or not at all', () => {
    const blobs = { bucket: 'clips', prefix: '', region: 'us-east-1', endpoint: undefined, credentials: undefined };
    expect(readConfig({ BLOB_URL: 's3://clips' }).blobs).toEqual(blobs);
    const usual = { AWS_REGION: 'auto', AWS_ENDPOINT_URL_S3: 'https://r2.example' };
    const { region, endpoint } = readConfig({ BLOB_URL: 's3://clips/', ...usual }).blobs!;
    expect([region, endpoint]).toEqual(['auto', 'https://r2.example']);
    expect(readConfig({ AWS_ACCESS_KEY_ID: 'key' }).blobs).toBeUndefined();
    const { message } = problemOf({ BLOB_URL: 's3://clips', AWS_SECRET_ACCESS_KEY: 'very-secret' });
    expect(message).toMatch(/^AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID/);
    expect(message).not.toContain('very-secret');
  });

  it('lists everything that is wrong together', () => {
    const { message } = problemOf({ PROVIDER: 'gpu', MAX_UPLOAD_MB: 'big', LOG_LEVEL: 'loud' });
    expect(message.split('; ').map((problem) => problem.split(' ')[0])).toEqual([
      'PROVIDER',
      'MAX_UPLOAD_MB',
      'LOG_LEVEL',
    ]);
  });

  it('never shows a token, not even a wrong one', () => {
    const { message } = problemOf({ DISCORD_TOKEN: 'Bot very.secret.value' });
    expect(message).toMatch(/^DISCORD_TOKEN must be the bare token/);
    expect(message).not.toContain('very.secret');
  });

  it('reads of the way to run a model what a render process takes, whatever is set', () => {
    const names = { PROVIDER: 'cpu', PRECISION: 'float16', MEMORY_MODE: 'resident', CPU_MEMORY: 'mmap' };
    const set = { ...names, GUIDANCE_BATCH: 'split', THREADS: '512', FEED_FORWARD_CHUNK: '10000000' };
    for (const environment of [{}, set]) {
      const { execution } = readConfig(environment);
      expect(executionSchema.parse(execution)).toEqual(execution);
    }
    expect(Object.values(readConfig(set).execution)).not.toContain(undefined);
  });
});

describe('requireDiscordToken', () => {
  it('gives the token', () => {
    expect(requireDiscordToken(readConfig({ DISCORD_TOKEN: 'a.b.c' }))).toBe('a.b.c');
  });

  it('says what to do without one', () => {
    expect(() => requireDiscordToken(readConfig({}))).toThrow(ConfigError);
    expect(() => requireDiscordToken(readConfig({}))).toThrow(
      /DISCORD_TOKEN is not set.*discord\.com\/developers.*DISCORD_TOKEN=.*\.env/,
    );
  });
});
