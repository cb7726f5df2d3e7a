import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { openSafetyCheck, readSafetyConfig } from '../../../src/inference/pipeline/open-safety-check.ts';
import { brightnessClassifier } from '../../support/brightness-classifier.ts';

const grey = (level: number) => ({ width: 20, height: 12, data: new Uint8Array(20 * 12 * 3).fill(level) });

describe('openSafetyCheck', () => {
  it.each(['model.onnx', 'onnx/model.onnx'])('rates pictures by the classifier in %s', async (at) => {
    const check = await openSafetyCheck(brightnessClassifier({ at }));
    // sigmoid(4), sigmoid(0) and sigmoid(-4).
    expect(await check.rate(grey(255))).toBeCloseTo(0.982, 3);
    expect(await check.rate(grey(127.5))).toBeCloseTo(0.496, 2);
    expect(await check.rate(grey(0))).toBeCloseTo(0.018, 3);
  });

  it('adds up all labels that not everybody may see', async () => {
    const check = await openSafetyCheck(brightnessClassifier({ labels: ['hentai', 'Porn'] }));
    expect(await check.rate(grey(0))).toBeCloseTo(1, 6);
  });

  it('says what is wrong with the folder', async () => {
    await expect(readSafetyConfig(brightnessClassifier({ labels: ['cat', 'dog'] }))).rejects.toThrow(
      /no label such as "nsfw"; there are: cat, dog/,
    );
    await expect(readSafetyConfig(brightnessClassifier({ at: 'other.onnx' }))).rejects.toThrow(
      /None of these is there/,
    );
    const broken = brightnessClassifier();
    writeFileSync(join(broken, 'model.onnx'), 'not a network');
    await expect(openSafetyCheck(broken)).rejects.toThrow(ConfigError);
    rmSync(join(broken, 'preprocessor_config.json'));
    await expect(readSafetyConfig(broken)).rejects.toThrow(/preprocessor_config\.json cannot be read/);
  });

  it('refuses a network that does not fit its labels', async () => {
    const check = await openSafetyCheck(brightnessClassifier({ labels: ['normal', 'nsfw', 'drawing'] }));
    await expect(check.rate(grey(0))).rejects.toThrow('gives 2 numbers for 3 labels');
  });
});
