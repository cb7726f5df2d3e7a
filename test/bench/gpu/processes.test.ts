import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { renderInPool } from '../../../bench/gpu/render-clips.ts';
import { performInChildren } from '../../../bench/gpu/run-child.ts';
import { watchCard } from '../../../bench/gpu/watch-card.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinora-bench-gpu-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** An environment with a made-up nvidia-smi, first in PATH. */
function withCard(script: string): Record<string, string | undefined> {
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { ...process.env, PATH: `${folder}:${process.env.PATH}`, CUDA_VISIBLE_DEVICES: '1,0' };
}

describe('watchCard', () => {
  it('tells the most memory over that of the start, of the card that CUDA takes', async () => {
    const card = await watchCard(withCard(`echo "$@" > ${folder}/asked; printf '100\\n[N/A]\\n900\\n300\\n'`));
    expect(card.stop()).toBe(800 * 2 ** 20);
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toMatch(/-i 1 -lms/);
  });

  it('tells nothing where there is no card', async () => {
    expect((await watchCard(withCard('echo NVIDIA-SMI has failed; exit 9'))).stop()).toBeUndefined();
    expect((await watchCard({ PATH: folder.slice(0, -1) })).stop()).toBeUndefined();
  });
});

describe('performInChildren', () => {
  it('performs a task in a process of its own, and tells in one sentence why it could not', async () => {
    const perform = performInChildren(process.env, new AbortController().signal);
    const task = {
      kind: 'network',
      modelDir: inject('tinyModel'),
      request: { network: 'image-encoder' },
      inputs: join(folder, 'inputs.safetensors'),
      provider: 'cpu',
      precision: 'float32',
      calls: 1,
      profiled: true,
    } as const;
    const { answer, rssBytes } = await perform<'network'>(task);
    expect(answer.seconds).toHaveLength(1);
    expect(answer.output).toMatchObject({ nonFinite: 0 });
    expect(answer.output.std).toBeGreaterThan(0);
    expect(answer.operators?.map(({ opType }) => opType)).toContain('Conv');
    expect(rssBytes).toBeGreaterThan(50e6);
    await expect(perform<'network'>({ ...task, modelDir: '/nowhere' })).rejects.toThrow(
      /^The process ended with exit code 1: [^\n]*\/nowhere/,
    );
  });
});

describe('renderInPool', () => {
  it('makes clips as the bot does, and looks at their frames', async () => {
    const render = renderInPool(process.env, new AbortController().signal);
    const { clips, file, log } = await render({
      modelDir: inject('tinyModel'),
      execution: { provider: 'cpu' },
      settings: { seed: 1 },
      picture: readFileSync('assets/rocket.jpg'),
      times: 2,
    });
    expect(log).toEqual([]);
    expect(clips).toHaveLength(2);
    for (const { seconds, firstStepSeconds, frames, provider } of clips) {
      expect(firstStepSeconds).toBeLessThan(seconds);
      expect(frames.count).toBe(2);
      expect(frames.black).toBe(0);
      expect(provider).toBe('cpu');
    }
    expect(Buffer.from(file.subarray(4, 8)).toString()).toBe('ftyp');
  });
});
