import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createTransferMeter, createTransferProgress, formatDuration } from '../../src/cli/transfer-progress.ts';

describe('createTransferMeter', () => {
  it('tells the rate of the last seconds, not of bytes that an earlier run left', () => {
    let nowMs = 0;
    const meter = createTransferMeter(() => nowMs);
    expect(meter.update(5_000_000)).toBeUndefined();
    nowMs = 2_000;
    expect(meter.update(7_000_000)).toBe(1_000_000);
    nowMs = 30_000;
    expect(meter.update(7_000_000)).toBeUndefined();
    nowMs = 32_000;
    expect(meter.update(7_000_500)).toBe(250);
  });

  it('measures anew when a server starts again', () => {
    let nowMs = 0;
    const meter = createTransferMeter(() => nowMs);
    meter.update(0);
    nowMs = 5_000;
    meter.update(5_000);
    nowMs = 6_000;
    expect(meter.update(100)).toBeUndefined();
    nowMs = 8_000;
    expect(meter.update(2_100)).toBe(1_000);
  });
});

describe('formatDuration', () => {
  it.each([
    [0.2, '1 s'],
    [89, '89 s'],
    [100, '2 min'],
    [5_400, '1 h 30 min'],
  ])('%d s is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('createTransferProgress without a terminal', () => {
  it('writes a line per file and then every ten seconds, with rate and time left', () => {
    let nowMs = 0;
    const stream = new PassThrough();
    const progress = createTransferProgress(stream, () => nowMs);
    for (const [atMs, path, receivedBytes] of [
      [0, 'a.json', 0],
      [1_000, 'b.safetensors', 1_000_000],
      [6_000, 'b.safetensors', 6_000_000],
      [11_000, 'b.safetensors', 11_000_000],
    ] as const) {
      nowMs = atMs;
      progress.update({ path, receivedBytes, totalBytes: 71_000_000 });
    }
    progress.note('A note.');
    progress.stop();
    expect(String(stream.read()).split('\n')).toEqual([
      '0 % 0 B of 71.0 MB a.json',
      '1 % 1.00 MB of 71.0 MB, 1.00 MB/s, 70 s left b.safetensors',
      '15 % 11.0 MB of 71.0 MB, 1.00 MB/s, 60 s left b.safetensors',
      'A note.',
      '',
    ]);
  });
});
