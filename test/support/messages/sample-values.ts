/** What stands in messages in place of the real values, by the names of parameters and of their members. */
type SampleValues = Readonly<Record<string, unknown>>;

/** The same in every language. */
const common: SampleValues = {
  position: 3,
  count: 4,
  running: 1,
  waiting: 4,
  deleted: 12,
  left: 2,
  servers: 12,
  more: 2,
  limit: 5,
  minutes: 40,
  step: 12,
  steps: 25,
  motion: 127,
  seed: 2172655812,
  number: 2,
  seeds: '7, 8, 9, 10',
  clips: 1.6,
  clipsPerPick: 0.6,
  duration: '3 min',
  durationOfPick: '70 s',
  counted: 2,
  fps: 8,
  frames: 25,
  width: 576,
  height: 320,
  seconds: 74,
  hours: 168,
  retentionHours: 168,
  sizeMb: 34,
  limitMb: 20,
  limitMegapixels: 25,
  limitSeconds: 10,
  percent: 48,
  option: 'steps',
  min: 1,
  max: 100,
  setting: 'steps',
  value: 300,
  from: 1,
  to: 100,
  multipleOf: 1,
  name: 'sketch',
  names: '`none`, `ping-pong`, `crossfade`',
  sampler: 'euler',
  schedule: 'karras',
  found: 'PDF',
  format: 'GIF',
  loop: 'ping-pong',
  id: 'k7q2',
  job: 'k7q2',
  kinora: '0.1.0',
  node: '20.19.0',
  model: 'Stable Video Diffusion XT 1.1',
  provider: 'CUDA',
  reason: 'CUDA: out of memory',
  link: 'https://discord.com/channels/1/2/3',
  known: 'watercolor, oil',
  interpolator: 'RIFE',
};

/** As Discord shows people, places and moments, by language; English ones where there are no others. */
const shown: Readonly<Record<string, SampleValues>> & { en: SampleValues } = {
  en: {
    moment: 'in 2 minutes',
    since: '5 minutes ago',
    retry: 'in 3 minutes',
    fault: { code: 'session-create', retry: 'in 3 minutes' },
    uptimeMoment: '2 days ago',
    person: '@Ada',
    who: '@Bruno',
    place: '#general',
    places: '#clips, #gallery',
    roles: '@Artists',
    menu: 'Animate',
    until: 'in 60 minutes',
    permissions: 'Attach Files, Send Messages',
  },
  es: {
    moment: 'dentro de 2 minutos',
    since: 'hace 5 minutos',
    retry: 'dentro de 3 minutos',
    fault: { code: 'session-create', retry: 'dentro de 3 minutos' },
    uptimeMoment: 'hace 2 días',
    person: '@Ada',
    who: '@Bruno',
    place: '#general',
    places: '#clips, #galería',
    roles: '@Artistas',
    menu: 'Animar',
    until: 'dentro de 60 minutos',
    permissions: 'Adjuntar archivos, Enviar mensajes',
  },
};

/** Members that a message may have to do without, and what they are then. */
const absent: SampleValues = {
  moment: undefined,
  retry: undefined,
  fault: undefined,
  more: 0,
  left: 0,
  found: 'unknown',
  multipleOf: 0,
};

/**
 * Three sets of values for a language: the usual ones; the same with every count at one, for the singular; and without
 * what may be missing. A name that is not known here stands for itself in angle quotes.
 */
export function sampleValues(language: string, own: SampleValues = {}): SampleValues[] {
  const usual = { ...common, ...(shown[language] ?? shown.en), ...own };
  const isCount = ([, value]: [string, unknown]) => typeof value === 'number';
  const single = Object.fromEntries(
    Object.entries(usual)
      .filter(isCount)
      .map(([name]) => [name, 1]),
  );
  return [usual, { ...usual, ...single }, { ...usual, ...absent }];
}

/** A value of a set by its name. */
export function sampleValue(values: SampleValues, name: string): unknown {
  return name in values ? values[name] : `‹${name}›`;
}
