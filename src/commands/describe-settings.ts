import type { SettingsRecord } from '../bot/read-clip-settings.ts';

/** Options of `/animate` and the settings behind them. */
const commandOptions: readonly (readonly [option: string, setting: string])[] = [
  ['motion', 'motionBucketId'],
  ['seed', 'seed'],
  ['steps', 'numInferenceSteps'],
  ['fps', 'fps'],
  ['length', 'numFrames'],
  ['shape', 'shape'],
  ['fit', 'fit'],
  ['loop', 'loop'],
  ['smooth', 'smooth'],
  ['format', 'format'],
];

/** Options of `kinora animate` and the settings behind them; it can say all that decides a clip. */
const cliOptions: readonly (readonly [option: string, setting: string])[] = [
  ['frames', 'numFrames'],
  ['width', 'width'],
  ['height', 'height'],
  ['steps', 'numInferenceSteps'],
  ['seed', 'seed'],
  ['fps', 'fps'],
  ['motion', 'motionBucketId'],
  ['noise', 'noiseAugStrength'],
  ['guidance-min', 'minGuidanceScale'],
  ['guidance-max', 'maxGuidanceScale'],
  ['decode-chunk', 'decodeChunkSize'],
  ['sampler', 'sampler'],
  ['schedule', 'schedule'],
  ['guidance-interval', 'guidanceInterval'],
  ['step-cache', 'stepCache'],
  ['fit', 'fit'],
  ['shape', 'shape'],
  ['loop', 'loop'],
  ['format', 'format'],
  ['playback-fps', 'playbackFps'],
];

/** What somebody types in Discord for the same clip; the picture is theirs to attach. */
export function asCommand(settings: SettingsRecord): string {
  const typed = commandOptions.flatMap(([option, setting]) => {
    const value = settings[setting];
    // Discord writes truths with capitals.
    const written = typeof value === 'boolean' ? (value ? 'True' : 'False') : value;
    return isPlain(written) ? [`${option}:${written}`] : [];
  });
  return ['/animate', ...typed].join(' ');
}

/** What somebody types in a shell for the same clip. */
export function asCommandLine(settings: SettingsRecord, picture = 'picture.png'): string {
  const typed = cliOptions.flatMap(([option, setting]) => {
    const value = settings[setting];
    return isPlain(value) ? [`--${option} ${value}`] : [];
  });
  return ['kinora animate', picture, ...typed, ...(settings.smooth === true ? ['--smooth'] : [])].join(' ');
}

/** Files come from anywhere: what is no plain word must not find its way into a shell or a message. */
function isPlain(value: SettingsRecord[string] | undefined): value is string | number {
  return typeof value === 'number' || (typeof value === 'string' && /^[\w.,-]{1,40}$/.test(value));
}
