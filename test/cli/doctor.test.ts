import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkDataFolder } from '../../src/cli/doctor/check-data-folder.ts';
import { type DoctorTools, run } from '../../src/cli/doctor.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { InferenceError } from '../../src/errors.ts';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { estimateMemory } from '../../src/inference/pipeline/estimate-memory.ts';
import type { UnetProbe, UnetProbeRequest } from '../../src/inference/pipeline/probe-unet.ts';
import { backUp } from '../../src/storage/backup.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createFactStore } from '../../src/storage/facts.ts';
import { rememberHostFault, rememberWorkerFaults } from '../../src/storage/host-fault.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { takeLease } from '../../src/storage/lease.ts';
import { systemClock } from '../../src/util/clock.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { asPlainUser, hasPermissions } from '../support/plain-user.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { noRedis, startRedis } from '../support/redis-server.ts';
import { tempFolder } from '../support/temp-folder.ts';

const tinyModel = inject('tinyModel');
let discord: FakeDiscord;

beforeAll(async () => {
  discord = await startFakeDiscord({ messageContentIntent: true });
});
afterAll(() => discord.close());

/** An output of mean 0 and standard deviation 1, shifted at one place. */
function outputOf(shift = 0): Float32Array {
  return Float32Array.of(1 + shift, -1, 1, -1);
}

type Answers = Partial<Record<string, Partial<UnetProbe> | InferenceError>>;

const absent = new InferenceError('provider-unavailable', 'Provider does not work here: no driver.');

const estimates = new Map<string, ReturnType<typeof estimateMemory>>();

/** What a clip takes is reckoned once for a model and a way to run it: half of the time that a report takes. */
const estimateOnce: typeof estimateMemory = (configs, settings, options) => {
  const key = JSON.stringify([configs.dir, settings, options]);
  const known = estimates.get(key) ?? estimateMemory(configs, settings, options);
  estimates.set(key, known);
  return known;
};

/** Probes answered from a table by `provider precision`; the GPUs are absent where it has nothing. */
function toolsWith(answers: Answers, asked: UnetProbeRequest[] = []): DoctorTools {
  return {
    probeModelDir: tinyModel,
    estimate: estimateOnce,
    async probe(request, { CUDA_VISIBLE_DEVICES: card } = {}) {
      asked.push(request);
      const name = `${request.provider} ${request.precision}`;
      const ofForm = answers[`${name} ${request.cudaGraph}`];
      const answer =
        ofForm ?? answers[`${name} on ${card}`] ?? answers[name] ?? (request.provider === 'cpu' ? {} : absent);
      if (answer instanceof InferenceError) throw answer;
      return { output: outputOf(), loadSeconds: 0.2, callSeconds: 0.1, ...answer };
    },
  };
}

interface Told {
  exitCode: number;
  ok: boolean;
  findings: { check: string; verdict: string; text: string; facts?: Record<string, unknown> }[];
  of(check: string): { verdict: string; text: string; facts?: Record<string, unknown> } | undefined;
}

async function doctor(
  settings: Record<string, string> = {},
  answers: Answers = {},
  gpus: string[] = [],
): Promise<Told> {
  const environment = {
    PATH: process.env.PATH,
    MODEL_DIR: tinyModel,
    DATA_DIR: settings.DATA_DIR ?? join(tempFolder(), 'data'),
    DISCORD_TOKEN: discord.token,
    DISCORD_API_URL: discord.apiUrl,
    ...settings,
  };
  const io = createMemoryIo({ environment });
  const exitCode = await run(['--json'], io, { ...toolsWith(answers), gpus });
  const { ok, findings } = JSON.parse(io.out()) as Pick<Told, 'ok' | 'findings'>;
  return { exitCode, ok, findings, of: (check) => findings.find((finding) => finding.check === check) };
}

/** A report on a machine without GPUs where all is well, with a data folder that is there. */
let dataDir: string;
let plain: Told;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'kinora-test-'));
  plain = await doctor({ DATA_DIR: dataDir });
});
afterAll(() => rmSync(dataDir, { recursive: true }));

describe('kinora doctor, where all is well', () => {
  it('says so in a table, leaves nothing behind, and exits with 0', async () => {
    const missing = join(tempFolder(), 'data');
    const environment = { PATH: process.env.PATH, MODEL_DIR: tinyModel, DATA_DIR: missing };
    const withDiscord = { ...environment, DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl };
    const io = createMemoryIo({ environment: withDiscord });
    expect(await run([], io, toolsWith({}))).toBe(0);
    const checks = ['node', 'ffmpeg', 'model', 'cpu float32', 'memory', 'disk', 'data folder'];
    for (const check of [...checks, 'Discord token', 'Discord intents', 'Discord gateway']) {
      expect(io.out()).toMatch(new RegExp(`^  ${check} +ok +\\S`, 'm'));
    }
    expect(io.out()).toMatch(/^ {2}cuda +note +Provider does not work here: no driver\.$/m);
    expect(io.out()).toMatch(/\nThe bot can do its job here\.\n$/);
    expect(io.out()).not.toContain(discord.token);
    expect(existsSync(missing)).toBe(false);
    expect(discord.violations()).toEqual([]);
  });

  it('tells the application, its privileged intents and the connections left', async () => {
    const told = plain;
    expect(told).toMatchObject({ exitCode: 0, ok: true });
    expect(told.of('Discord token')?.text).toBe(`belongs to "Kinora", application ${discord.applicationId}`);
    expect(told.of('Discord intents')?.text).toBe('none is needed; switched on: Message Content Intent');
    expect(told.of('Discord gateway')?.facts).toEqual({ remaining: 999, total: 1000 });
  });

  it('leaves nothing in a data folder that is there', async () => {
    expect(plain.of('data folder')).toMatchObject({ verdict: 'ok', text: `${dataDir} can be written` });
    expect(existsSync(join(dataDir, `.kinora-doctor-${process.pid}`))).toBe(false);
  });
});

describe('the configuration', () => {
  it('is told with everything that is wrong at once, and everything else is looked at all the same', async () => {
    const told = await doctor({
      STALL_SECONDS: '5m',
      PROVIDER: 'gpu',
      PROVDIER: 'cpu',
      LORA: 'x',
      DATA_DIR: tempFolder(),
    });
    expect(told.exitCode).toBe(1);
    expect(told.findings.filter(({ check }) => check === 'configuration')).toEqual([
      { check: 'configuration', verdict: 'fails', text: expect.stringContaining('PROVIDER must be one of') },
      {
        check: 'configuration',
        verdict: 'fails',
        text: expect.stringMatching(/STALL_SECONDS .* perhaps STALL_SECONDS=300$/),
      },
      { check: 'configuration', verdict: 'note', text: 'LORA means nothing to Kinora. Did you mean LORAS?' },
    ]);
    expect(told.of('data folder')).toMatchObject({ verdict: 'ok' });
  });
});

describe('the data folder', () => {
  // Of one line, by the check itself: that a note leaves the exit code at 0 and a failure makes it 1 is in the other tests.
  async function folderWithJobs() {
    const folder = tempFolder();
    const database = openDatabase(folder);
    const { id } = await createJobStore(database).add(newJob(), 1);
    return { folder, database, id };
  }

  it('is told sound, and who works with it', async () => {
    const { folder, database } = await folderWithJobs();
    const noBackup = 'no backup was made yet: kinora backup DIR makes one';
    const sound = `${folder} can be written, and kinora.db in it is sound`;
    expect(await checkDataFolder(folder)).toMatchObject({
      verdict: 'ok',
      text: `${sound}; ${noBackup}`,
    });
    const clock = createFakeClock(Date.now());
    takeLease(database, { clock, log: createRecordingLog(), onLost: () => {} });
    const told = await checkDataFolder(folder);
    expect(told).toMatchObject({
      verdict: 'ok',
      text: `${sound}; a bot works with it: process ${process.pid} on host ${hostname()}, since ${new Date(clock.now()).toISOString()}; ${noBackup}`,
      facts: { holderPid: process.pid },
    });
  });

  it('is told with its last backup, as a note once that is old', async () => {
    const { folder } = await folderWithJobs();
    const backups = tempFolder();
    const { path } = backUp({ dataDir: folder, folder: backups, nowMs: Date.now() });
    expect(await checkDataFolder(folder)).toMatchObject({
      verdict: 'ok',
      text: expect.stringContaining(`; the last backup: ${path}, `),
    });
    backUp({ dataDir: folder, folder: backups, nowMs: Date.now() - 9 * 86_400_000 });
    const told = await checkDataFolder(folder);
    expect(told).toMatchObject({
      verdict: 'note',
      text: expect.stringContaining('the last backup is old: '),
    });
  });

  it('is told with the jobs that cannot be read', async () => {
    const { folder, database, id } = await folderWithJobs();
    database.exec(`UPDATE jobs SET address = '{"token":"secret'`);
    const told = await checkDataFolder(folder);
    expect(told).toMatchObject({
      verdict: 'note',
      text: expect.stringContaining(`left alone: ${id} (address is not JSON)`),
    });
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  it('of garbage is damaged, and not fine since it can be written', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'kinora.db'), 'x'.repeat(5_000));
    const told = await doctor({ DATA_DIR: folder });
    expect(told.exitCode).toBe(1);
    expect(told.of('data folder')).toMatchObject({ verdict: 'fails', text: expect.stringContaining('is damaged (') });
    expect(told.of('data folder')?.text).not.toContain('can be written');
  });

  it('whose bot waits for the machine says since when, and why', async () => {
    const { folder, database } = await folderWithJobs();
    const lease = takeLease(database, { clock: systemClock, log: createRecordingLog(), onLost: () => {} });
    const fault = { code: 'ENOSPC', message: 'The disk is full.', sinceMs: 0, retryAtMs: 5_000 };
    rememberHostFault(createFactStore(database), fault);
    const told = await checkDataFolder(folder);
    lease.release();
    expect(told).toMatchObject({
      verdict: 'note',
      text: expect.stringContaining('waiting since 1970-01-01T00:00:00.000Z, because: The disk is full. (ENOSPC)'),
    });
  });

  it('whose bot goes on without one of its devices says which, and why', async () => {
    const { folder, database } = await folderWithJobs();
    const lease = takeLease(database, { clock: systemClock, log: createRecordingLog(), onLost: () => {} });
    const fault = { code: 'session-create', message: 'CUDA failure 999.', sinceMs: 0, retryAtMs: 5_000 };
    await rememberWorkerFaults(createFactStore(database), [{ worker: 'gpu 1', ...fault }]);
    const told = await checkDataFolder(folder);
    lease.release();
    expect(told).toMatchObject({
      verdict: 'note',
      text: expect.stringContaining('gpu 1 has been out since 1970-01-01T00:00:00.000Z, because: CUDA failure 999.'),
    });
  });

  it.runIf(hasPermissions)('with a read-only database cannot be used', async () => {
    const { folder } = await folderWithJobs();
    // Not the one that is open here.
    const other = tempFolder();
    cpSync(join(folder, 'kinora.db'), join(other, 'kinora.db'));
    chmodSync(other, 0o777);
    chmodSync(join(other, 'kinora.db'), 0o444);
    const found = await asPlainUser(() => checkDataFolder(other));
    expect(found).toMatchObject({ verdict: 'fails', text: expect.stringContaining('kinora.db cannot be written (') });
  });
});

describe('kinora doctor, where a setting is broken', () => {
  const file = '/etc/hostname';
  it.each([
    ['no ffmpeg', { FFMPEG_PATH: '/nowhere/ffmpeg' }, 'ffmpeg', /^FFMPEG_PATH is "\/nowhere\/ffmpeg"/],
    ['no model', { MODEL_DIR: '/nowhere' }, 'model', /\/nowhere/],
    [
      'a LoRA that is not there',
      { LORAS: '/nowhere/style.safetensors' },
      'model',
      /no file \/nowhere\/style\.safetensors/,
    ],
    ['a wrong token', { DISCORD_TOKEN: 'wrong' }, 'Discord token', /^Discord refuses DISCORD_TOKEN/],
    ['no token', { DISCORD_TOKEN: '' }, 'Discord token', /^DISCORD_TOKEN is not set/],
    ['no Discord', { DISCORD_API_URL: 'http://127.0.0.1:1/api' }, 'Discord token', /cannot be reached/],
    ['a file for a data folder', { DATA_DIR: file }, 'data folder', /^DATA_DIR \/etc\/hostname cannot be a folder/],
    ['a provider that is not there', { PROVIDER: 'webgpu' }, 'webgpu', /no driver/],
  ])('%s: one line fails, the others are told, the exit code is 1', async (_, settings, check, text) => {
    const told = await doctor(settings as Record<string, string>);
    expect(told).toMatchObject({ exitCode: 1, ok: false });
    expect(told.of(check)).toMatchObject({ verdict: 'fails', text: expect.stringMatching(text) });
    expect(told.of('cpu float32')?.verdict).toBe('ok');
    expect(told.of('Discord token')).toBeDefined();
  });

  it('tells of missing weights', async () => {
    const folder = join(tempFolder(), 'model');
    cpSync(tinyModel, folder, { recursive: true });
    rmSync(join(folder, 'unet', 'diffusion_pytorch_model.safetensors'));
    const told = await doctor({ MODEL_DIR: folder });
    expect(told.exitCode).toBe(1);
    expect(told.of('model')).toMatchObject({ verdict: 'fails', text: expect.stringMatching(/: unet: /) });
  });

  it('tells of weights of another model', async () => {
    const folder = join(tempFolder(), 'model');
    cpSync(tinyModel, folder, { recursive: true });
    const config = join(folder, 'unet', 'config.json');
    writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), layers_per_block: 2 }));
    const told = await doctor({ MODEL_DIR: folder });
    expect(told.of('model')).toMatchObject({
      verdict: 'fails',
      text: expect.stringContaining('more: kinora model check'),
    });
  });

  it('tells of a Discord that is out of order', async () => {
    discord.failNext({ route: 'GET /applications/@me', status: 503 });
    const told = await doctor();
    expect(told.of('Discord token')).toMatchObject({
      verdict: 'fails',
      text: expect.stringMatching(/answered 503\.$/),
    });
  });

  it('takes anything but its options for wrong usage, and shows its help', async () => {
    expect(await runCli(['doctor', '--quick'], createMemoryIo())).toBe(2);
    const io = createMemoryIo();
    expect(await runCli(['doctor', '--help'], io)).toBe(0);
    // Wrapped to the terminal's width.
    expect(io.out().replace(/\s+/g, ' ')).toContain('Exit code 1 if the bot could not do its job.');
  });
});

describe('devices', () => {
  const absentCard = new InferenceError('provider-unavailable', 'CUDA failure 101: invalid device.');
  const cuda = { 'cuda float16': {}, 'cuda float32': {} };

  it('are told one by one where there are several; the bot can go on without one of them', async () => {
    const told = await doctor({}, { ...cuda, 'cuda float32 on 1': absentCard }, ['0', '1']);
    expect(told.of('gpu 0')).toMatchObject({ verdict: 'ok', text: expect.stringContaining('per call') });
    expect(told.of('gpu 1')).toMatchObject({ verdict: 'note', text: expect.stringContaining('go on without it') });
    expect(told.exitCode).toBe(0);
  });

  it('all of which fail are more than a note', async () => {
    const told = await doctor({ DEVICES: '1' }, { ...cuda, 'cuda float32 on 1': absentCard }, ['0', '1']);
    expect([told.of('gpu 1')?.verdict, told.exitCode]).toEqual(['fails', 1]);
  });

  it('that are not there are named, with what is', async () => {
    const told = await doctor({ DEVICES: '0,3' }, cuda, ['0', '1']);
    expect(told.of('devices')).toMatchObject({ verdict: 'fails', text: expect.stringMatching(/card 3.*cards 0 to 1/) });
  });

  it('need no line where there is one, or CUDA does not work: the providers say it', async () => {
    for (const told of [plain, await doctor({}, {}, ['0', '1'])]) {
      expect(told.findings.filter(({ check }) => /^(gpu|devices|cpu \d)/.test(check))).toEqual([]);
    }
  });
});

describe('providers', () => {
  const crash = new InferenceError('probe-died', 'cuda took its process down (SIGSEGV).');

  it('are told with their difference from the CPU and their speed', async () => {
    const { of, exitCode } = await doctor(
      {},
      { 'cuda float16': { output: outputOf(0.01), callSeconds: 0.004 }, 'cuda float32': { callSeconds: 0.01 } },
    );
    expect(exitCode).toBe(0);
    expect(of('cuda float16')?.facts).toMatchObject({ difference: expect.closeTo(0.01, 5), timesCpuSpeed: 25 });
    expect(of('cuda float32')).toMatchObject({
      verdict: 'ok',
      text: expect.stringMatching(
        /^differs from the CPU by 0\.0 of .*; 10\.0 ms per call .*, 10 times the CPU's speed$/,
      ),
    });
  });

  it('compare both forms of the graph on CUDA, and fail for the one that is used', async () => {
    const answers = { 'cuda float16': crash, 'cuda float16 plain': {} };
    const told = await doctor({ PROVIDER: 'cuda' }, answers);
    expect(told.of('cuda float16')?.verdict).toBe('fails');
    expect(told.of('cuda float16 plain')?.verdict).toBe('ok');
    expect(
      (await doctor({ PROVIDER: 'cuda' }, { 'cuda float16': {}, 'cuda float16 plain': crash, 'cuda float32': {} }))
        .exitCode,
    ).toBe(0);
  });

  it.each([
    ['auto takes a GPU that computes wrongly', 'auto', { 'cuda float16': { output: outputOf(0.5) } }, 'fails'],
    ['it computes what is no number', 'cuda', { 'cuda float16': { output: outputOf(Number.NaN) } }, 'fails'],
    ['auto takes a GPU whose driver crashes', 'auto', { 'cuda float16': crash }, 'fails'],
    ['the CPU was asked for anyway', 'cpu', { 'cuda float16': crash }, 'note'],
    ['another one was asked for', 'cpu', { 'cuda float16': { output: outputOf(0.5) } }, 'note'],
  ] as const)('fail where %s', async (_, provider, answers, verdict) => {
    const told = await doctor({ PROVIDER: provider }, answers);
    expect(told.of('cuda float16')?.verdict).toBe(verdict);
    expect(told.exitCode).toBe(verdict === 'fails' ? 1 : 0);
  });

  it('counts the precision that the bot would use', async () => {
    const answers = { 'cuda float16': crash, 'cuda float32': {} };
    expect((await doctor({ PROVIDER: 'cuda', PRECISION: 'float32' }, answers)).exitCode).toBe(0);
  });

  it('reckons memory for the provider that the bot would take', async () => {
    const told = await doctor({ MEMORY_MODE: 'sequential-offload' }, { 'cuda float16': {}, 'cuda float32': {} });
    expect(told.of('memory')?.text).toMatch(/\(MEMORY_MODE=sequential-offload\), most of it on the GPU/);
  });
});

describe('the Redis of the queue', () => {
  it.skipIf(noRedis !== undefined)(
    `fails with stock settings, and is not looked at where none is named${noRedis === undefined ? '' : ` (${noRedis})`}`,
    async () => {
      const redis = await startRedis({ appendonly: 'no' });
      const told = await doctor({ QUEUE_URL: redis.url });
      await redis.stop();
      expect(told.exitCode).toBe(1);
      expect(told.of('Redis')?.verdict).toBe('ok');
      expect(told.of('Redis persistence')).toMatchObject({
        verdict: 'fails',
        text: expect.stringContaining('appendonly'),
      });
      expect(plain.findings.filter(({ check }) => check.startsWith('Redis'))).toEqual([]);
    },
  );
});
