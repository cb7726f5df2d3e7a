import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Log } from '../util/log.ts';
import { type GaugeName, type MetricLabels, type Metrics, metricDeclarations } from '../util/metrics.ts';

/** The metrics of one bot, and their text for Prometheus. */
export interface MetricsRegistry {
  metrics: Metrics;
  /** Sets gauges to what is true now; the series that a gauge had before are gone. */
  replace<Name extends GaugeName>(name: Name, series: readonly { value: number; labels: MetricLabels<Name> }[]): void;
  readonly contentType: string;
  /** Everything in Prometheus' text format, with what prom-client knows of the process. */
  text(): Promise<string>;
}

/** Gauges of prom-client whose names are a counter's; the same without `_total` say as much. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** A registry with every metric at nothing. */
export function createMetricsRegistry(log: Pick<Log, 'warn'>): MetricsRegistry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  const byName = new Map<string, Counter | Gauge | Histogram>();
  for (const [name, declaration] of Object.entries(metricDeclarations)) {
    const { type, help, labels } = declaration;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') byName.set(name, new Counter(options));
    else if (type === 'gauge') byName.set(name, new Gauge(options));
    else byName.set(name, new Histogram({ ...options, buckets: [...declaration.buckets] }));
  }

  /** What is counted wrongly must not break what it counts. */
  function safely(name: string, work: () => void): void {
    try {
      work();
    } catch (err) {
      log.warn({ metric: name, err }, 'a metric could not be set');
    }
  }

  return {
    metrics: {
      count: (name, labels) => safely(name, () => (byName.get(name) as Counter).inc(labels)),
      observe: (name, seconds, labels) => safely(name, () => (byName.get(name) as Histogram).observe(labels, seconds)),
    },
    replace(name, series) {
      const gauge = byName.get(name) as Gauge;
      safely(name, () => {
        if (metricDeclarations[name].labels.length > 0) gauge.reset();
        for (const { value, labels } of series) gauge.set(labels, value);
      });
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
