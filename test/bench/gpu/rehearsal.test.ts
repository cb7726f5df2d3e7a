import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BenchTools } from '../../../bench/gpu/context.ts';
import { mainOfBench } from '../../../bench/gpu/main.ts';
import { performTask } from '../../../bench/gpu/perform-task.ts';
import type { NetworkRun, Perform, Task } from '../../../bench/gpu/tasks.ts';
import type { Finding } from '../../../src/cli/doctor/finding.ts';

/** What is written of a task, to tell tasks apart. */
function nameOf(task: Task): string {
  return JSON.stringify(task);
}

let work: string;
/** Every task, in order. */
let performed: string[];
let rendered: string[];
let findings: Finding[];
/** Called before each task; may throw. */
let before: (task: Task) => void;

/** What a network gives that is not run. */
const scriptedRun: NetworkRun = {
  readySeconds: 1,
  firstSeconds: 1,
  seconds: [1],
  output: { values: 1, nonFinite: 0, mean: 0, std: 1 },
};

/** Whether networks are run. */
let isReal: boolean;

/** Tasks are performed in this process, but for networks where they are not the point; clips are scripted, and there is no Python. */
const tools: BenchTools = {
  perform: (async (task: Task) => {
    before(task);
    performed.push(nameOf(task));
    const answer = task.kind === 'network' && !isReal ? scriptedRun : await performTask(task);
    return { answer, rssBytes: 0, seconds: 0 };
  }) as Perform,
  async renderClips({ execution, times, framesDir }) {
    rendered.push(JSON.stringify(execution));
    if (framesDir !== undefined) {
      const pixels = { create: { width: 4, height: 4, channels: 3, background: '#808080' } } as const;
      await sharp(pixels).png().toFile(join(framesDir, 'frame-0000.png'));
    }
    const stages = { prepare: 0, 'encode-image': 1, denoise: 2, decode: 3, upscale: 0, 'encode-video': 4 };
    const frames = { count: 3, mean: 128, leastStd: 30, black: 0, motion: 2 };
    const clip = { seconds: 10, firstStepSeconds: 5, perStage: stages, provider: 'cpu', frames, bytes: 7 };
    return { clips: Array.from({ length: times }, () => clip), log: [], file: Uint8Array.of(1, 2, 3) };
  },
  doctor: async () => findings,
  python: async () => {
    throw new Error('spawn python3 ENOENT');
  },
};

function bench(words: readonly string[] = [], signal = new AbortController().signal): Promise<number> {
  return mainOfBench(['--provider', 'cpu', '--work', work, ...words], process.env, { signal, tools, tell() {} });
}

const report = () => readFileSync(join(work, 'GPU.md'), 'utf8');

beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'kinora-bench-gpu-'));
  performed = [];
  rendered = [];
  isReal = false;
  before = () => {};
  findings = [
    { check: 'cpu float32', verdict: 'ok', text: 'as it should be' },
    { check: 'Discord', verdict: 'fails', text: 'no token' },
  ];
});

afterEach(() => rm(work, { recursive: true, force: true }));

describe('npm run bench:gpu, rehearsed on the CPU', () => {
  it('a run that is stopped goes on where it was, measures nothing twice and ends with a whole report', async () => {
    isReal = true;
    const committed = readFileSync('bench/GPU.md', 'utf8');
    const interrupted = new AbortController();
    before = (task) => {
      // In the middle of a section: its first measures are kept.
      if (task.kind === 'network' && task.calls > 0 && task.request.network === 'vae-decoder') {
        if (performed.some((name) => name.includes('vae-decoder'))) interrupted.abort(new Error('Interrupted.'));
        interrupted.signal.throwIfAborted();
      }
    };
    await expect(bench([], interrupted.signal)).rejects.toThrow('Interrupted.');
    expect(report()).toContain('## A step of the UNet');
    expect(report()).not.toContain('## Decoding');

    const first = performed;
    performed = [];
    before = () => {};
    expect(await bench()).toBe(0);
    expect(performed.filter((name) => first.includes(name))).toEqual([nameOf({ kind: 'provider', provider: 'cpu' })]);
    expect(rendered.filter((name) => name.includes('resident'))).toHaveLength(1);
    const text = report();
    for (const part of ['Goals', 'Whole clips', 'Decoding', 'Exactness', 'Doctor', 'Profile: plain, decoder']) {
      expect(text).toContain(`## ${part}`);
    }
    expect(text).toContain('Rehearsal on the CPU');
    expect(text).toContain('Not compared: spawn python3 ENOENT');
    expect(text).toContain('| unet-2, plain |');
    expect(text).not.toContain('no token');
    expect(text).not.toMatch(/\| (met|MISSED) \|/);
    expect(readFileSync('bench/GPU.md', 'utf8')).toBe(committed);
  });

  it('what fails is told, takes nothing else along, and is tried again', async () => {
    const isSplit = (task: Task) => task.kind === 'network' && 'batch' in task.request && task.request.batch === 1;
    before = (task) => {
      if (isSplit(task)) throw new Error('CUDA out of memory', { cause: new Error('6 GB were asked for') });
    };
    expect(await bench(['--sections', 'step'])).toBe(1);
    expect(report()).toContain('- step, plain, split: CUDA out of memory – 6 GB were asked for');
    expect(report()).toContain('| plain, batched |');

    performed = [];
    before = () => {};
    expect(await bench(['--sections', 'step'])).toBe(0);
    expect(performed.filter((name) => name.includes('"calls"'))).toHaveLength(2);
    expect(report()).not.toContain('What failed');
  });

  it('makes weights anew where they were not finished, and takes a model that is there as it is', async () => {
    const made = () => performed.filter((name) => name.includes('"weights"')).length;
    before = (task) => {
      if (task.kind === 'weights' && task.name === 'vae') throw new Error('ENOSPC: no space left on device');
    };
    await expect(bench(['--sections', 'decode'])).rejects.toThrow('ENOSPC');
    before = () => {};
    performed = [];
    expect(await bench(['--sections', 'decode'])).toBe(0);
    expect(made()).toBe(3);

    performed = [];
    await rm(join(work, 'model', 'random-weights.txt'));
    expect(await bench(['--sections', 'decode', '--again'])).toBe(0);
    expect(made()).toBe(0);
  });

  it('measures a section anew where that is asked for, and only then', async () => {
    for (const again of [[], [], ['--again']]) expect(await bench(['--sections', 'demo', ...again])).toBe(0);
    expect(rendered).toHaveLength(4);
  });

  it('a provider that does not work ends it after the doctor, and the report says why', async () => {
    before = (task) => {
      if (task.kind === 'provider') throw new Error('There is no CUDA device.');
    };
    expect(await bench()).toBe(1);
    expect(performed).toEqual([]);
    expect(rendered).toEqual([]);
    expect(existsSync(join(work, 'model'))).toBe(false);
    expect(report()).toContain('as it should be');
    expect(report()).toContain('provider, cpu: There is no CUDA device.');
    expect(report()).toContain('# Not measured: cpu does not work here');

    // Mended: nothing of the broken machine is kept.
    before = () => {};
    findings = [{ check: 'cpu float32', verdict: 'ok', text: 'mended' }];
    expect(await bench(['--sections', 'machine,doctor,demo'])).toBe(0);
    expect(report()).toContain('mended');
    expect(report()).not.toContain('no CUDA device');
  });

  it('a machine without a card never writes the committed report', async () => {
    const committed = readFileSync('bench/GPU.md', 'utf8');
    before = () => {
      throw new Error('There is no CUDA device.');
    };
    expect(await bench(['--provider', 'cuda', '--sections', 'doctor,step'])).toBe(1);
    expect(report()).toContain('# Not measured: cuda does not work here');
    expect(readFileSync('bench/GPU.md', 'utf8')).toBe(committed);
  });

  it('does not mix the results of two cards', async () => {
    await bench(['--sections', 'machine']);
    const file = join(work, 'results', 'machine.json');
    const record = JSON.parse(readFileSync(file, 'utf8'));
    record.measures.machine.cards = [{ name: 'NVIDIA T4' }];
    writeFileSync(file, JSON.stringify(record));
    await expect(bench()).rejects.toThrow('has results of NVIDIA T4, and this is');
  });

  it('puts everything that is to be taken home into three files', async () => {
    const home = join(work, 'home');
    expect(await bench(['--sections', 'machine,demo', '--collect', home])).toBe(0);
    expect(readFileSync(join(home, 'GPU.md'), 'utf8')).toContain("## The demo model's clip");
    const records = JSON.parse(readFileSync(join(home, 'results.json'), 'utf8'));
    expect(records.demo.measures.demo.fromCpu).toEqual({ mean: 0, most: 0 });
    expect([...readFileSync(join(home, 'demo-cpu.mp4'))]).toEqual([1, 2, 3]);
  });

  it('takes no section and no provider that there is not', async () => {
    await expect(bench(['--sections', 'step,speed'])).rejects.toThrow('There is no section speed');
    await expect(bench(['--provider', 'tpu'])).rejects.toThrow('--provider is cuda or cpu, not tpu');
  });
});
