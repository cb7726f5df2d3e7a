import { execFile } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';
import { probeProvider } from '../../src/worker/probe-provider.ts';
import { expectClose } from '../support/expect-close.ts';
import { programFile } from '../support/program-file.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Chromium's software Vulkan (Debian: package `chromium`), which needs no graphics card. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
const isThere = process.platform === 'linux' && process.env.CHROMIUM_PATH !== 'none' && existsSync(swiftShader);
const reason = isThere ? '' : ` (skipped: ${swiftShader} is not used here)`;

/** The loader of Vulkan, libvulkan.so.1, lies beside it. */
const environment = { ...process.env, VK_ICD_FILENAMES: swiftShader, LD_LIBRARY_PATH: dirname(swiftShader) };

/** Each of two dozen shaders is compiled on the processor: a minute where that is free, much longer where it is shared. */
const timeoutMs = 1_800_000;

/** The tiny checkpoint with a clip as small: software draws every pixel, and the shaders are those of any size. */
function tinyModel(): string {
  const folder = join(tempFolder(), 'tiny');
  cpSync(inject('tinyModel'), folder, { recursive: true });
  writeFileSync(join(folder, 'kinora.json'), JSON.stringify({ num_frames: 3, width: 12, height: 8 }));
  return folder;
}

function probe(provider: 'cpu' | 'webgpu', precision: 'float32' | 'float16') {
  const request = { modelDir: tinyModel(), provider, precision, threads: 2 };
  return probeProvider(request, { environment, signal: new AbortController().signal, timeoutMs });
}

/** [frames·c·h·w] of the prediction. */
const numbers = (data: Float32Array) => ({ shape: [data.length], data });

describe.skipIf(!isThere)(`the UNet on WebGPU, by SwiftShader${reason}`, () => {
  it('predicts in float32 what the CPU does, with every node on the provider', { timeout: timeoutMs }, async () => {
    const [cpu, webgpu] = [await probe('cpu', 'float32'), await probe('webgpu', 'float32')];
    expectClose(numbers(webgpu.output), numbers(cpu.output), { tolerance: 1e-3, name: 'webgpu float32' });
  });

  it('does so in float16, or says that the device has none', { timeout: timeoutMs }, async ({ skip }) => {
    const cpu = await probe('cpu', 'float32');
    const webgpu = await probe('webgpu', 'float16').catch((error: unknown) => error);
    if (webgpu instanceof Error) {
      const words = causes(webgpu);
      expect(words).toMatch(/requires f16 but the device does not support it/);
      skip('the device has no float16');
      return;
    }
    const { output } = webgpu as Awaited<ReturnType<typeof probe>>;
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

/** What an error and everything behind it say. */
function causes(error: Error): string {
  const parts: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) parts.push(at.message);
  return parts.join(': ');
}
