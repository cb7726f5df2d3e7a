import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CudaMachine, checkCuda } from '../../src/cli/doctor/check-cuda.ts';
import { checkMemory } from '../../src/cli/doctor/check-machine.ts';
import { systemLoader } from '../../src/hub/cuda/native-libraries.ts';
import { cardBytesOf, readCards } from '../../src/hub/cuda/nvidia-smi.ts';
import type { ExecutionOptions } from '../../src/settings/execution.ts';
import { fakeElf } from '../support/fake-elf.ts';
import { goldenPath } from '../support/golden.ts';
import { tempFolder } from '../support/temp-folder.ts';

const providers = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];

/** A machine with these cards, as nvidia-smi tells of them, and these of CUDA's libraries. */
async function machineWith(cards: string | undefined, libraries: readonly string[] | undefined): Promise<CudaMachine> {
  const folder = join(tempFolder(), 'cuda');
  await mkdir(folder);
  for (const name of [...providers, ...(libraries ?? [])]) {
    await writeFile(join(folder, name), fakeElf({ needed: ['libcudart.so.99', 'libc.so.6'] }));
  }
  const installed = [...providers].map((name) => ({ name, sizeBytes: fakeElf().length, sha256: '', origin: '' }));
  const sizeBytes = fakeElf({ needed: ['libcudart.so.99', 'libc.so.6'] }).length;
  const record = { onnxruntime: '1.30.0', libraries: installed.map((entry) => ({ ...entry, sizeBytes })) };
  if (libraries !== undefined) await writeFile(join(folder, 'cuda.json'), JSON.stringify(record));
  return {
    manifest: () => ({ version: '1.30.0', folder: '', feed: '', package: { id: '', version: '' } }),
    places: { libraryPath: undefined, driver: 'libcuda-made-up.so.1', opened: ['libcudnn.so.98'], hintRoots: [] },
    folder,
    cards: async () => readCards(cards ?? ''),
  };
}

const all = ['libcudart.so.99', 'libcudnn.so.98', 'libcuda-made-up.so.1'];
const rtx4090 = 'NVIDIA GeForce RTX 4090, 24564, 8.9, 580.95.05\n';

describe.runIf(existsSync(systemLoader))("the doctor's check of CUDA", () => {
  it('names the card, its memory, its compute capability and the driver, and finds all libraries', async () => {
    const [card, libraries] = await checkCuda('auto', await machineWith(rtx4090, all));
    expect(card).toMatchObject({
      check: 'card 0',
      verdict: 'ok',
      text: 'NVIDIA GeForce RTX 4090, 24.0 GiB, compute capability 8.9, driver 580.95.05',
    });
    expect(libraries).toMatchObject({ verdict: 'ok', facts: { missing: [] } });
  });

  it.each([
    ['6.1', false],
    ['7.0', false],
    ['7.5', true],
    ['8.0', true],
    ['8.7', true],
    ['9.0', true],
    ['10.0', false],
    ['12.0', true],
    ['12.1', true],
    ['13.0', false],
  ])('knows whether the provider has code for compute capability %s: %s', async (capability, isSupported) => {
    const [card] = await checkCuda('cuda', await machineWith(`Card, 16384, ${capability}, 580.1\n`, all));
    expect(card!.verdict).toBe(isSupported ? 'ok' : 'fails');
    expect(card!.text.includes('has no code for it, only for 7.5, 8.0, 8.6, 8.9, 9.0, 12.0')).toBe(!isSupported);
  });

  it("says what is missing by name, cuDNN's library too, which nothing links", async () => {
    const [, libraries] = await checkCuda('cuda', await machineWith(rtx4090, ['libcuda-made-up.so.1']));
    expect(libraries).toMatchObject({
      verdict: 'fails',
      text: 'missing: libcudnn.so.98, libcudart.so.99. npm run setup:cuda brings the libraries.',
    });
  });

  it('says that the driver is missing, or the card', async () => {
    const findings = await checkCuda('cuda', await machineWith(undefined, ['libcudart.so.99', 'libcudnn.so.98']));
    expect(findings).toMatchObject([
      { check: 'cards', verdict: 'fails', text: expect.stringContaining('no CUDA device') },
      { text: "missing: libcuda-made-up.so.1. libcuda-made-up.so.1 comes with NVIDIA's driver." },
    ]);
  });

  it('says that a card is not used where nothing was set up, and fails only where CUDA is asked for', async () => {
    const machine = await machineWith(rtx4090, undefined);
    const [, auto] = await checkCuda('auto', machine);
    expect(auto).toMatchObject({ verdict: 'note', text: expect.stringMatching(/setup:cuda.*The card is not used/) });
    expect((await checkCuda('cuda', machine))[1]!.verdict).toBe('fails');
    expect(await checkCuda('cpu', machine)).toEqual([]);
  });
});

describe('the memory of the card that CUDA takes', () => {
  const cards = readCards(['A, 24564, 8.9, 580.1', 'B, 8188, 7.5, 580.1', 'C, [N/A], 9.0, 580.1'].join('\n'));
  const mib = (count: number) => count * 2 ** 20;

  it.each([
    ['the only card', cards.slice(0, 1), undefined, mib(24564)],
    ['the one that CUDA_VISIBLE_DEVICES names by its number', cards, '0', mib(24564)],
    ['the first of several that it names', cards, ' 1,0', mib(8188)],
    ['the smallest of several that may be meant', cards, undefined, mib(8188)],
    ['the smallest, where a card is named otherwise', cards, 'GPU-5f1c', mib(8188)],
    ['none where no card may be used', cards, '', undefined],
    ['none where there is none', [], undefined, undefined],
    ['none where nvidia-smi does not tell it', cards, '2', undefined],
  ])('is of %s', (_, there, visible, bytes) => {
    expect(cardBytesOf(there, visible)).toBe(bytes);
  });
});

describe("the doctor's reckoning of memory on a card", () => {
  const memory = (cardBytes: number, execution: Partial<ExecutionOptions> = {}) =>
    checkMemory(
      { modelDir: goldenPath('models/tiny-a'), execution: { provider: 'cuda', ...execution } },
      { provider: 'cuda', environment: {}, cardBytes },
    );

  it('says how the bot would run the model there, and how many frames it would decode together', async () => {
    expect(await memory(8188 * 2 ** 20)).toMatchObject({
      verdict: 'ok',
      text: expect.stringMatching(
        /^\d+ frames of \d+×\d+ take about .* of the card's 8\.59 GB with MEMORY_MODE=resident, GUIDANCE_BATCH=batched; \d frames decoded together$/,
      ),
      facts: { mode: 'resident', guidanceBatch: 'batched', cardBytes: 8188 * 2 ** 20 },
    });
  });

  it('says what the operator chose as it is', async () => {
    const { text } = await memory(8188 * 2 ** 20, { memoryMode: 'sequential-offload', guidanceBatch: 'split' });
    expect(text).toContain('with MEMORY_MODE=sequential-offload, GUIDANCE_BATCH=split; ');
  });

  it('notes that a card is too small even for what takes the least', async () => {
    expect(await memory(750e6)).toMatchObject({
      verdict: 'note',
      text: expect.stringContaining('GUIDANCE_BATCH=split: make smaller clips; 1 frames decoded together'),
    });
  });
});
