/** One sample of Prometheus' text format. */
interface MetricSample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** A metric with its samples, which may have suffixes. */
export interface ParsedMetric {
  name: string;
  type: string;
  help: string;
  samples: MetricSample[];
}

const labelPattern = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/**
 * Reads Prometheus' text format 0.0.4 strictly, as written down in
 * https://prometheus.io/docs/instrumenting/exposition_formats/: HELP and TYPE once and before the samples, samples of a
 * metric together, no series twice, cumulative buckets that end with +Inf and equal the count.
 * @throws Error the first line that breaks a rule
 */
export function parseMetrics(text: string): Map<string, ParsedMetric> {
  if (!text.endsWith('\n')) throw new Error('The last line has no end.');
  const metrics = new Map<string, ParsedMetric>();
  const seen = new Set<string>();
  let current: ParsedMetric | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (metrics.has(name)) throw new Error(`Twice: ${line}`);
      current = { name, type: '', help: rest, samples: [] };
      metrics.set(name, current);
    } else if (keyword === 'TYPE') {
      const isKnown = /^(counter|gauge|histogram|summary|untyped)$/.test(rest);
      if (current?.name !== name || current.type !== '' || !isKnown) throw new Error(`Out of place: ${line}`);
      current.type = rest;
    } else if (line !== '') {
      if (current === undefined || current.type === '') throw new Error(`No type before: ${line}`);
      const sample = parseSample(line);
      const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(series)) throw new Error(`Twice: ${line}`);
      seen.add(series);
      const suffixes = current.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      const isOwn = suffixes.some((suffix) => sample.name === current!.name + suffix);
      if (!isOwn) throw new Error(`Of another metric than ${current.name}: ${line}`);
      current.samples.push(sample);
    }
  }
  for (const metric of metrics.values()) if (metric.type === 'histogram') checkBuckets(metric);
  return metrics;
}

function parseSample(line: string): MetricSample {
  const [, name, inBraces = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined) throw new Error(`No sample: ${line}`);
  const labels: Record<string, string> = {};
  labelPattern.lastIndex = 0;
  while (labelPattern.lastIndex < inBraces.length) {
    const [, label, text] = labelPattern.exec(inBraces) ?? [];
    if (label === undefined || label in labels) throw new Error(`Wrong labels: ${line}`);
    labels[label] = text!;
  }
  return { name, labels, value: numberOf(value!, line) };
}

function numberOf(text: string, line: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'Nan' || text === 'NaN') return Number.NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new Error(`No number: ${line}`);
  return Number(text);
}

function checkBuckets({ name, samples }: ParsedMetric): void {
  const series = new Map<string, MetricSample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [labels, own] of series) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map((sample) => numberOf(sample.labels.le ?? '', name));
    const counts = buckets.map(({ value }) => value);
    const rises = (values: number[]) => values.every((value, index) => index === 0 || value >= values[index - 1]!);
    const count = own.find((sample) => sample.name === `${name}_count`)?.value;
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY || !rises(bounds) || !rises(counts) || counts.at(-1) !== count) {
      throw new Error(`The buckets of ${name} ${labels} do not add up.`);
    }
  }
}
