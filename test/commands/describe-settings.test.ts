import { expect, it } from 'vitest';
import { readAnimateOptions as readCommandLine } from '../../src/cli/animate-options.ts';
import { modelCapabilities } from '../../src/cli/bot-parts.ts';
import { readAnimateOptions } from '../../src/commands/animate-options.ts';
import { asCommandLine, commandFor, describeOptions } from '../../src/commands/describe-settings.ts';
import { presetNames } from '../../src/inference/pipeline/presets.ts';
import type { ModelInfo } from '../../src/inference/pipeline/types.ts';
import { flatSettings } from '../../src/settings/flat-settings.ts';
import { chooseSize, resolveSettings } from '../../src/worker/resolve-settings.ts';

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
  deepCacheInterval: 2,
  provider: 'cpu',
  fit: 'pad',
  shape: 'square',
  loop: 'ping-pong',
  smooth: true,
  format: 'gif',
};

it('gives a command line that kinora animate reads back as the same settings', () => {
  const [, , ...argv] = asCommandLine(settings).split(' ');
  const read = readCommandLine(argv);
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
    style: 'ink@everyone',
  };
  expect(asCommandLine(hostile)).toBe('kinora animate picture.png --seed 7');
  expect(describeOptions(hostile)).toBe('seed:7');
});

const info: ModelInfo = {
  name: 'svd',
  defaults: {
    width: 1024,
    height: 576,
    numFrames: 25,
    numInferenceSteps: 25,
    minGuidanceScale: 1,
    maxGuidanceScale: 3,
    fps: 7,
    motionBucketId: 127,
    noiseAugStrength: 0.02,
    decodeChunkSize: 8,
    sampler: 'euler',
    schedule: 'karras',
  },
  limits: { sizeStep: 8, minSize: 64, maxSize: 4096, maxFrames: 25, maxSteps: 1000 },
};
const model = modelCapabilities(info);
const picture = { width: 1600, height: 1000 };

const typed = (values: Readonly<Record<string, string | number | boolean>>) => {
  const read = (name: string) => (values[name] ?? null) as never;
  return { getInteger: read, getString: read, getBoolean: read };
};

/** What the renderer makes of typed options with that picture: the clip's own settings. */
function rendered(values: Readonly<Record<string, string | number | boolean>>, defaults = {}) {
  const request = readAnimateOptions(typed(values), model, defaults);
  const { fit, form = {} } = request;
  const { width = info.defaults.width, height = info.defaults.height } = request.settings;
  const size =
    form.shape === undefined ? {} : chooseSize(form.shape, picture, { area: { width, height }, limits: info.limits });
  const { ratio: _, ...sized } = { ratio: undefined, ...size };
  const resolved = resolveSettings(info, { ...request.settings, ...sized }, () => 0);
  const format = form.format === 'auto' ? 'mp4' : form.format!;
  const made = { settings: resolved, fit, form: { ...form, format }, model: info.name, provider: 'cpu' };
  return { flat: flatSettings(made), requested: { width, height } };
}

/** Reads a command as a person would type it. */
function parse(command: string): Record<string, string | number | boolean> {
  const [name, ...words] = command.split(' ');
  expect(name).toBe('/animate');
  return Object.fromEntries(
    words.map((word) => {
      const [option = '', text = ''] = word.split(':');
      if (text === 'True' || text === 'False') return [option, text === 'True'];
      return [option, /^\d+$/.test(text) ? Number(text) : text];
    }),
  );
}

const asked = [
  {},
  ...presetNames.map((preset) => ({ preset })),
  ...presetNames.map((preset) => ({ preset, shape: 'portrait', motion: 33 })),
  { preset: 'fast', steps: 6 },
  { preset: 'draft', steps: 10 },
  { steps: 10, motion: 240, fps: 12, length: 9, fit: 'pad', loop: 'crossfade', smooth: true, format: 'gif' },
  { preset: 'quality', shape: 'square' },
];

it.each(asked)('Settings gives a command that makes precisely the same clip: %j', (values) => {
  const { flat, requested } = rendered({ seed: 7, ...values });
  for (const place of [{ model, requested }, { model }]) {
    const answer = commandFor(flat, place);
    if (!('command' in answer)) throw new Error(`no command: ${answer.without}`);
    expect(rendered(parse(answer.command)).flat).toEqual(flat);
  }
});

it('Settings gives a command that makes the same clip on a server with a default preset and format', () => {
  const defaults = { preset: 'draft', format: 'webp' } as const;
  for (const values of [{}, { preset: 'fast' }, { preset: 'notebook' }]) {
    const { flat, requested } = rendered({ seed: 7, ...values }, defaults);
    const answer = commandFor(flat, { model, defaults, requested });
    if (!('command' in answer)) throw new Error(`no command: ${answer.without}`);
    expect(rendered(parse(answer.command), defaults).flat).toEqual(flat);
  }
  // There the plain command would take the draft's steps and size.
  const { flat, requested } = rendered({ seed: 7 });
  const answer = commandFor(flat, { model, defaults, requested });
  expect(answer).toMatchObject({ command: expect.stringContaining('preset:quality') });
});

it('Settings names `end:` in the command of a clip with a last picture, whatever sampler the preset has', () => {
  const presets = { ...model.presets, dreamy: { sampler: 'euler-ancestral' as const } };
  const here = { ...model, presets };
  // As the renderer makes it: by Euler alone.
  const { flat, requested } = rendered({ seed: 7 });
  for (const defaults of [{}, { preset: 'dreamy' as 'fast' }]) {
    const place = { model: here, defaults, requested };
    const answer = commandFor({ ...flat, hasEndPicture: true }, place);
    expect(answer).toEqual({
      command: expect.stringMatching(/^\/animate end:end\.png (preset:\w+ )?motion:127 seed:7 /),
    });
    const seamless = commandFor({ ...flat, loop: 'seamless', format: 'webp' }, place);
    expect(seamless).toEqual({ command: expect.stringContaining('loop:seamless') });
  }
  expect(asCommandLine({ ...flat, hasEndPicture: true })).toMatch(/^kinora animate picture\.png --end end\.png /);
});

it.each([
  ['extended', { extended: true as const }],
  ['other-model', { model: 'another' }],
  ['no-option', { noiseAugStrength: 0.1 }],
  ['no-option', { deepCacheInterval: 2 }],
  ['no-option', { guidanceInterval: '0.3,50' }],
  ['no-option', { playbackFps: 10 }],
  ['no-option', { fps: 60 }],
  ['no-option', { motionBucketId: 0 }],
  ['no-option', { width: 512, height: 320 }],
  ['no-option', { sampler: 'euler-ancestral' }],
])('Settings says that no command makes a clip: %s %j', (without, change) => {
  const { flat } = rendered({ seed: 7 });
  expect(commandFor({ ...flat, ...change }, { model })).toEqual({ without });
});

it('Settings promises nothing of a file that does not say all', () => {
  const { seed: _, ...flat } = rendered({ seed: 7 }).flat;
  expect(commandFor(flat, { model })).toEqual({ without: 'incomplete' });
});
