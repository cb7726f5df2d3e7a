import { describe, expect, inject, it } from 'vitest';
import { JobCancelledError } from '../../src/errors.ts';
import type { UnetProbeRequest } from '../../src/inference/pipeline/probe-unet.ts';
import { probeProvider } from '../../src/worker/probe-provider.ts';

const request: UnetProbeRequest = {
  modelDir: inject('tinyModel'),
  provider: 'cpu',
  precision: 'float32',
  threads: 2,
};

function options(fixture?: string) {
  return {
    environment: process.env,
    signal: new AbortController().signal,
    timeoutMs: 120_000,
    ...(fixture === undefined ? {} : { entry: new URL(`./fixtures/${fixture}`, import.meta.url) }),
  };
}

describe('probeProvider', { timeout: 120_000 }, () => {
  it('runs a UNet in a process of its own, with all that can be asked for, and half precision differs from it by a little', async () => {
    const full = await probeProvider(request, options());
    const half = await probeProvider({ ...request, precision: 'float16', cudaGraph: 'plain' }, options());
    expect(full.output.length).toBe(half.output.length);
    const worst = full.output.reduce((most, value, at) => Math.max(most, Math.abs(value - (half.output[at] ?? 0))), 0);
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThan(0.1);
    expect(full.callSeconds).toBeGreaterThan(0);
  });

  it('takes a request that names the other form of the graph', async () => {
    const { output } = await probeProvider({ ...request, cudaGraph: 'channels-last' }, options());
    expect(output.length).toBeGreaterThan(0);
  });

  it('tells why a provider does not work', async () => {
    const missing = { ...request, modelDir: '/nowhere' };
    await expect(probeProvider(missing, options())).rejects.toThrow('/nowhere');
  });

  it('survives a driver that takes its process down, and keeps its last words', async () => {
    const died = await probeProvider(request, options('crashing-probe.ts')).catch((error: unknown) => error);
    expect(died).toMatchObject({ code: 'probe-died', message: 'cpu took its process down (SIGSEGV).' });
    expect((died as Error).cause).toMatchObject({ message: expect.stringContaining('the driver gave up') });
  });

  it('gives up on one that hangs', async () => {
    const hanging = { ...options('mute-child.ts'), timeoutMs: 50 };
    await expect(probeProvider(request, hanging)).rejects.toThrow('no answer within 0.05 s');
  });

  it('does not believe what is no answer', async () => {
    await expect(probeProvider(request, options('babbling-child.ts'))).rejects.toThrow(/Invalid/);
  });

  it('is broken off by its signal', async () => {
    const interrupted = new AbortController();
    const going = probeProvider(request, { ...options('mute-child.ts'), signal: interrupted.signal });
    interrupted.abort(new JobCancelledError('Interrupted.'));
    await expect(going).rejects.toThrow('Interrupted.');
  });
});
