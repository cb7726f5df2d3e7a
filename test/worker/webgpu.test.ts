import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { UnetProbe } from '../../src/inference/pipeline/probe-unet.ts';
import { probeProvider } from '../../src/worker/probe-provider.ts';
import { expectClose } from '../support/expect-close.ts';
import { programFile } from '../support/program-file.ts';

/** Chromium's software Vulkan (Debian: package `chromium-common`), which needs no graphics card. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
const isThere = process.platform === 'linux' && process.env.CHROMIUM_PATH !== 'none' && existsSync(swiftShader);
const reason = isThere ? '' : ` (skipped: ${swiftShader} is not used here)`;

/** The loader of Vulkan, libvulkan.so.1, lies beside it. */
const environment = { ...process.env, VK_ICD_FILENAMES: swiftShader, LD_LIBRARY_PATH: dirname(swiftShader) };

/** Each of two dozen shaders is compiled on the processor: a minute where that is free, much longer where it is shared. */
const timeoutMs = 1_800_000;

describe.skipIf(!isThere)(`the UNet on WebGPU, by SwiftShader${reason}`, () => {
  let modelDir: string;
  let cpu: UnetProbe;

  const probe = (provider: 'cpu' | 'webgpu', precision: 'float32' | 'float16') =>
    probeProvider(
      { modelDir, provider, precision, threads: 2 },
      { environment, signal: new AbortController().signal, timeoutMs },
    );

  beforeAll(async () => {
    modelDir = mkdtempSync(join(tmpdir(), 'kinora-webgpu-'));
    fillModelFolder(modelDir);
    cpu = await probe('cpu', 'float32');
  }, timeoutMs);
  afterAll(() => rmSync(modelDir, { recursive: true }));

  it('predicts in float32 what the CPU does, with every node on the provider', { timeout: timeoutMs }, async () => {
    const webgpu = await probe('webgpu', 'float32');
    expectClose(numbers(webgpu.output), numbers(cpu.output), { tolerance: 1e-3, name: 'webgpu float32' });
  });

  it('does so in float16, or says that the device has none', { timeout: timeoutMs }, async ({ skip }) => {
    const webgpu = await probe('webgpu', 'float16').catch((error: unknown) => error);
    if (webgpu instanceof Error) {
      const words = causes(webgpu);
      expect(words).toMatch(/requires f16 but the device does not support it/);
      skip('the device has no float16');
      return;
    }
    const { output } = webgpu as UnetProbe;
    expectClose(numbers(output), numbers(cpu.output), { tolerance: 5e-2, name: 'webgpu float16' });
  });
});

describe.skipIf(!isThere)(`the convolution of CUDA's graphs, by another provider that has it${reason}`, () => {
  it('takes pictures channels last and its weight as torch keeps it', { timeout: timeoutMs }, async () => {
    const program = programFile('test/worker/fixtures/channels-last-convolution.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [program], { env: environment });
    const [plain, last] = JSON.parse(stdout) as [number[], number[]];
    expectClose(numbers(Float32Array.from(last)), numbers(Float32Array.from(plain)), {
      tolerance: 1e-5,
      name: 'convolution',
    });
  });
});

/**
 * A UNet with each of the layers that the large one has, and a clip as small as bears them: software draws every number,
 * and the shaders are those of any size. Its blocks are of one width, so that more of their layers share shaders, and
 * latents are 5 by 6 and 3 by 3: ONNX Runtime has another shader for convolutions of eight positions and fewer.
 */
function fillModelFolder(folder: string): void {
  cpSync(inject('tinyModel'), folder, { recursive: true });
  writeFileSync(join(folder, 'kinora.json'), JSON.stringify({ num_frames: 2, width: 10, height: 12 }));
  const configFile = join(folder, 'unet', 'config.json');
  const config = JSON.parse(readFileSync(configFile, 'utf8'));
  writeFileSync(configFile, JSON.stringify({ ...config, block_out_channels: [32, 32] }));
}

/** [frames·c·h·w] of the prediction. */
const numbers = (data: Float32Array) => ({ shape: [data.length], data });

/** What an error and everything behind it say. */
function causes(error: Error): string {
  const parts: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) parts.push(at.message);
  return parts.join(': ');
}
