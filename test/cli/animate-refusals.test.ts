import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { writeCheckpoint } from '../support/checkpoint.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { goldenPath } from '../support/golden.ts';
import { quartersFolder } from '../support/quarters-folder.ts';

// What is said before any process is started.

const environment = { PATH: process.env.PATH, PROVIDER: 'cpu', MODEL_DIR: inject('tinyModel') };
/** With the model that the LoRAs are of. */
const tinyA = { ...environment, MODEL_DIR: goldenPath('models/tiny-a') };

describe('kinora animate', () => {
  it.each([
    ['that is not there', 'none.safetensors', /^kinora: There is no file .*none\.safetensors\.$/m],
    ['that is for another model', 'style.safetensors', /^kinora: .*style\.safetensors: this is a LoRA for Flux/m],
  ])('refuses a LoRA %s before anything is started', async (_, name, line) => {
    const { folder, words } = quartersFolder();
    const tensor = { dtype: 'F32', shape: [1], values: new Float32Array(1) } as const;
    writeCheckpoint(join(folder, 'style.safetensors'), { 'single_blocks.0.lora_A.weight': tensor });
    const io = createMemoryIo({ environment: tinyA });
    expect(await runCli(['animate', ...words, '--lora', join(folder, name)], io)).toBe(1);
    expect(io.err()).toMatch(line);
    expect(existsSync(join(folder, 'clips'))).toBe(false);
  });

  it('takes settings that the model cannot do for wrong usage, before anything is started', async () => {
    const { folder, words } = quartersFolder();
    const io = createMemoryIo({ environment });
    const argv = ['animate', ...words, '--width', '51'];
    expect(await runCli(argv, io)).toBe(2);
    expect(io.err()).toMatch(/^kinora: --width must be a multiple of 2 from .* not 51\.\n$/);
    expect(existsSync(join(folder, 'clips'))).toBe(false);

    const other = createMemoryIo({ environment });
    expect(await runCli(['animate', ...words, '--step-cache', '2', '--guidance-max=-1'], other)).toBe(2);
    expect(other.err()).toMatch(
      /^--step-cache is now called .*\nkinora: --guidance-max must be a number from 0 to 100, not -1\.\n$/,
    );
  });

  it.each([
    [{ MODEL_DIR: '/nowhere' }, /nowhere/],
    [{ PROVIDER: 'gpu' }, /^kinora: PROVIDER must be one of/],
  ])('tells one line for a wrong configuration: %o', async (wrong, line) => {
    const io = createMemoryIo({ environment: { ...environment, ...wrong } });
    expect(await runCli(['animate', ...quartersFolder().words], io)).toBe(1);
    expect(io.err()).toMatch(line);
    expect(io.err().trimEnd()).not.toContain('\n');
  });

  it('shows its help', async () => {
    const io = createMemoryIo();
    expect(await runCli(['animate', '--help'], io)).toBe(0);
    expect(io.out()).toContain('--decode-chunk N');
    expect(io.out()).toMatch(/notebook +what the diffusers notebook does/);
  });
});
