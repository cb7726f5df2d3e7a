import { expect, it } from 'vitest';
import { createMetricsRegistry } from '../../src/operations/metrics-registry.ts';
import { metricDeclarations } from '../../src/util/metrics.ts';
import { parseMetrics } from '../support/parse-metrics.ts';
import { createRecordingLog } from '../support/recording-log.ts';

const declared = Object.entries(metricDeclarations);

// https://prometheus.io/docs/practices/naming/, and what `promtool check metrics` complains of.
it.each(declared)('the name of %s follows Prometheus’ rules', (name, { type, help, labels }) => {
  expect(name).toMatch(/^kinora(_[a-z]+)+$/);
  expect(name.endsWith('_total')).toBe(type === 'counter');
  if (type === 'histogram') expect(name).toMatch(/_seconds$/);
  // Suffixes of a histogram's own series, and units that are no base units.
  expect(name).not.toMatch(/_(count|sum|bucket|milliseconds|ms|minutes|hours|days|kilobytes|megabytes|percent)(_|$)/);
  // The type and the labels are no parts of a name.
  expect(name).not.toMatch(/_(counter|gauge|histogram)(_|$)/);
  for (const label of labels) expect(label).toMatch(/^[a-z][a-z_]*$/);
  expect(labels).not.toEqual(expect.arrayContaining(['le', 'quantile']));
  expect(labels.filter((label) => /user|guild|job|channel|id$/.test(label))).toEqual([]);
  expect(help).toMatch(/[\w)]\.$|^Always 1/);
});

it('what is given out can be read back as it was counted', async () => {
  const log = createRecordingLog();
  const { metrics, replace, text } = createMetricsRegistry(log);
  metrics.count('kinora_images_rejected_total', { reason: 'with "quotes", a \\ and\na line' });
  metrics.observe('kinora_job_wait_seconds', 45, {});
  replace(
    'kinora_gateway_up',
    [0, 1].map((shard) => ({ value: 1, labels: { shard: String(shard) } })),
  );
  replace('kinora_gateway_up', [{ value: 0, labels: { shard: '1' } }]);
  const parsed = parseMetrics(await text());
  const samplesOf = (name: string) => parsed.get(name)!.samples;
  expect(samplesOf('kinora_images_rejected_total')).toEqual([
    {
      name: 'kinora_images_rejected_total',
      labels: { reason: 'with \\"quotes\\", a \\\\ and\\na line' },
      value: 1,
    },
  ]);
  expect(samplesOf('kinora_job_wait_seconds').filter(({ value }) => value === 0)).toHaveLength(2);
  expect(samplesOf('kinora_gateway_up')).toEqual([{ name: 'kinora_gateway_up', labels: { shard: '1' }, value: 0 }]);
  for (const [name, { type, help }] of declared) expect(parsed.get(name)).toMatchObject({ type, help });
  for (const { name, type } of parsed.values()) expect(`${name} ${type}`).not.toMatch(/_total (?!counter)/);
  expect(log.events).toEqual([]);
});

it('what is counted wrongly breaks nothing', () => {
  const log = createRecordingLog();
  const { metrics } = createMetricsRegistry(log);
  metrics.count('kinora_jobs_submitted_total', { nonsense: 'x' } as never);
  metrics.observe('kinora_job_wait_seconds', 'soon' as never, {});
  expect(log.events.map(({ fields }) => (fields as { metric: string }).metric)).toEqual([
    'kinora_jobs_submitted_total',
    'kinora_job_wait_seconds',
  ]);
});

it.each([
  ['a sample without a type', 'kinora_x 1\n'],
  ['a series twice', '# HELP a b\n# TYPE a gauge\na 1\na 2\n'],
  ['a missing last line end', '# HELP a b\n# TYPE a gauge\na 1'],
  [
    'buckets that fall',
    '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
  ],
  ['a value that is none', '# HELP a b\n# TYPE a gauge\na one\n'],
])('the reader of these tests refuses %s', (_, broken) => {
  expect(() => parseMetrics(broken)).toThrow();
});
