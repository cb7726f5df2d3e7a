import { describe, expect, it } from 'vitest';
import { instructionSets, machine, multipliesBfloat16 } from '../../bench/report/machine.ts';
import { exactnessTable, skippedText, speedTable } from '../../bench/report/networks-report.ts';
import type { NetworksFigures } from '../../bench/sections/networks.ts';

const run = (seconds: number) => ({ readySeconds: 1, seconds: [seconds], peakRssBytes: 1e9, peakAnonymousBytes: 1e9 });
const difference = { maxOverStd: 1e-5, rmsOverStd: 1e-6, std: 1, values: 1 };
const figures: NetworksFigures = {
  'unet-1': {
    runs: { diffusers: [run(24)], 'kinora-prepacked': [run(20)], openvino: [run(24)], 'diffusers-bf16': [run(10)] },
    differences: { 'kinora-prepacked': difference, 'diffusers-bf16': { ...difference, maxOverStd: 0.06 } },
    skipped: { 'openvino-bf16': 'no module named openvino' },
  },
};

describe('the bench names what it has measured', () => {
  it('a processor by the instruction sets that it has', () => {
    expect(instructionSets('fpu avx2 amx_bf16 avx512f sse')).toEqual(['avx2', 'avx512f', 'amx_bf16']);
    expect(instructionSets('')).toEqual([]);
    expect(machine()).toContain('cores');
  });

  it.each([
    ['fpu avx2 avx512f', false],
    ['avx2 avx512_bf16', true],
    ['amx_tile amx_bf16', true],
    ['asimd bf16', true],
  ])('%s: bfloat16 is measured: %s', (flags, expected) => {
    expect(multipliesBfloat16(instructionSets(flags))).toBe(expected);
  });

  it('bfloat16 as such, in rows of its own, and no side that did not run', () => {
    const rows = speedTable(figures).split('\n');
    expect(rows.find((row) => row.includes('diffusers, in bfloat16'))).toMatch(/\| 10\.00 \| 2\.40 \| 2\.40 \| {2}\|$/);
    expect(rows.find((row) => row.includes('kinora-prepacked'))).toContain('1.20');
    expect(rows.some((row) => row.includes('mmap') || row.includes('openvino, in'))).toBe(false);
    expect(exactnessTable(figures)).toMatch(/diffusers, in bfloat16 \| 6\.0e-2 \| 1\.0e-6 \| {2}\|/);
    expect(rows.some((row) => row.includes("| openvino on Kinora's exported graph | 24.00 |"))).toBe(true);
    expect(skippedText(figures)).toContain(
      "one branch: openvino on Kinora's exported graph, in bfloat16 was left out (no module named openvino).",
    );
  });
});
