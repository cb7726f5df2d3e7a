import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { processorSeconds } from '../../src/worker/watchdog.ts';

function burnSeconds(seconds: number): void {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end);
}

describe.runIf(existsSync('/proc/self/stat'))('processor time', () => {
  it('grows with what a process computes', () => {
    const before = processorSeconds(process.pid) ?? Number.NaN;
    // On a busy machine a while may pass without a processor.
    while ((processorSeconds(process.pid) ?? 0) - before < 0.05) burnSeconds(0.02);
    expect(before).toBeGreaterThan(0);
  });

  it('counts what the process started', async () => {
    const child = spawn('sh', ['-c', 'while :; do :; done']);
    onTestFinished(() => void child.kill('SIGKILL'));
    const own = () => process.cpuUsage();
    const { user, system } = own();
    const before = processorSeconds(process.pid)!;
    while ((processorSeconds(child.pid!) ?? 0) < 0.3) await new Promise((resolve) => setImmediate(resolve));
    const after = processorSeconds(process.pid)!;
    const ownSeconds = (own().user - user + own().system - system) / 1e6;
    expect(after - before - ownSeconds).toBeGreaterThan(0.2);
  });

  it('is unknown of a process that is not there', () => {
    expect(processorSeconds(2 ** 30)).toBeUndefined();
  });
});
