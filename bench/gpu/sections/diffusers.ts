import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { compareFiles, type Difference } from '../../sections/compare.ts';
import type { BenchContext } from '../context.ts';
import { describe } from '../describe.ts';
import { ensureModel } from '../model.ts';
import { diffusersScript } from '../run-python.ts';
import { writeNoise } from '../write-noise.ts';
import { comparedNames, filesOf, referenceForm } from './networks.ts';
import { decodeRequest, stepRequest } from './timing.ts';

/** What the script tells of a call. */
interface ScriptLine {
  name: string;
  seconds?: number[];
  /** Of the card's memory at its peak, as PyTorch counts it. */
  peakBytes?: number;
  error?: string;
}

/** What the section keeps. */
export interface DiffusersFigures {
  /** Why there is nothing to compare with; the other fields are empty then. */
  notCompared?: string;
  versions: string;
  calls: Record<string, ScriptLine>;
  /** Of the small shapes: diffusers in half precision against the CPU in float32. */
  differences: Record<string, Difference>;
}

/** diffusers eager on the same card in half precision: the small shapes for exactness, the clip's own for speed. */
export async function measureDiffusers(context: BenchContext): Promise<void> {
  const { results, tools, workDir, modelDir, sizes, provider, tell } = context;
  tell('diffusers on the same card');
  await results.measure('diffusers', 'diffusers', async (): Promise<DiffusersFigures> => {
    const nothing = { versions: '', calls: {}, differences: {} };
    const versions = await askVersions(context).catch((error: unknown) => ({ why: describe(error) }));
    if (typeof versions !== 'string') return { ...nothing, notCompared: versions.why };
    await ensureModel(context);
    const configs = await readModelConfigs(modelDir);
    const { decodeChunk } = sizes.clip;
    const timed = [
      { name: 'step', network: 'unet', request: stepRequest(context, 'batched'), file: 'step-batched' },
      {
        name: 'decode',
        network: 'vae-decoder',
        request: decodeRequest(context, decodeChunk),
        file: `decode-${decodeChunk}`,
      },
    ];
    for (const { file, request } of timed) writeNoise(filesOf(workDir, file, '').inputs, configs, request);
    const small = comparedNames.map((name) => ({
      name,
      network: name.startsWith('unet') ? 'unet' : name,
      calls: 0,
      ...filesOf(workDir, name, 'diffusers'),
    }));
    const large = timed.map(({ name, network, file }) => ({
      name,
      network,
      calls: 3,
      inputs: filesOf(workDir, file, '').inputs,
    }));
    const plan = join(workDir, 'diffusers-plan.json');
    const device = provider === 'cuda' ? { device: 'cuda', dtype: 'float16' } : { device: 'cpu', dtype: 'float32' };
    mkdirSync(dirname(plan), { recursive: true });
    writeFileSync(plan, JSON.stringify({ model: modelDir, ...device, calls: [...small, ...large] }));
    const lines = (await tools.python([diffusersScript, plan])).trim().split('\n');
    const calls = Object.fromEntries(
      lines.map((line) => JSON.parse(line) as ScriptLine).map((call) => [call.name, call]),
    );
    const differences: Record<string, Difference> = {};
    for (const name of comparedNames) {
      if (calls[name]?.error !== undefined || calls[name] === undefined) continue;
      const { outputs } = filesOf(workDir, name, 'diffusers');
      differences[name] = await compareFiles(filesOf(workDir, name, referenceForm).outputs, outputs);
    }
    return { versions, calls, differences };
  });
}

/** @throws Error there is no PyTorch with the provider, or no diffusers */
async function askVersions({ tools, provider }: BenchContext): Promise<string> {
  const program = [
    'import torch, diffusers, transformers, safetensors',
    `assert ${provider === 'cuda' ? 'torch.cuda.is_available()' : 'True'}, "PyTorch finds no CUDA device"`,
    'print(f"diffusers {diffusers.__version__}, PyTorch {torch.__version__}")',
  ];
  return (await tools.python(['-c', program.join('\n')])).trim();
}
