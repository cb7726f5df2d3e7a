import { expect, it } from 'vitest';
import { readAnimateOptions } from '../../src/cli/animate-options.ts';
import { asCommand, asCommandLine } from '../../src/commands/describe-settings.ts';

const settings = {
  model: 'tiny',
  width: 512,
  height: 320,
  numFrames: 14,
  numInferenceSteps: 30,
  seed: 7,
  fps: 8,
  motionBucketId: 90,
  noiseAugStrength: 0.05,
  minGuidanceScale: 1.5,
  maxGuidanceScale: 2.5,
  decodeChunkSize: 2,
  sampler: 'euler',
  schedule: 'ays',
  guidanceInterval: '0.3,50',
  stepCache: 2,
  provider: 'cpu',
  fit: 'pad',
  shape: 'square',
  loop: 'ping-pong',
  smooth: true,
  format: 'gif',
};

it('gives a command line that kinora animate reads back as the same settings', () => {
  const [, , ...argv] = asCommandLine(settings).split(' ');
  const read = readAnimateOptions(argv);
  const { model: _, provider: __, fit, shape, loop, smooth, format, guidanceInterval, ...numbers } = settings;
  expect(read?.settings).toEqual({ ...numbers, guidanceInterval: guidanceInterval.split(',').map(Number) });
  expect({ ...read?.form, fit: read?.fit }).toEqual({ fit, shape, loop, smooth, format });
});

it('writes no word into a shell or a message that a file made up', () => {
  const hostile = {
    seed: 7,
    fit: 'pad; rm -rf ~',
    loop: '@everyone',
    sampler: '`id`',
    schedule: '$(id)',
    format: 'a\nb',
  };
  expect(asCommandLine(hostile)).toBe('kinora animate picture.png --seed 7');
  expect(asCommand(hostile)).toBe('/animate seed:7');
});
