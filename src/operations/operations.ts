import { type Clock, systemClock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Metrics } from '../util/metrics.ts';
import { type HttpAnswer, type HttpListen, startHttpServer } from './http-server.ts';
import { createMetricsRegistry, type MetricsRegistry } from './metrics-registry.ts';
import { type BotParts, createReadiness, type ReadinessOptions } from './readiness.ts';

/** What {@link startOperations} works with. */
export interface OperationsOptions extends Pick<ReadinessOptions, 'modelFiles'> {
  listen: HttpListen;
  version: string;
  /** What brings jobs to those who render them. */
  engine: 'local' | 'bullmq';
  log: Log;
  clock?: Clock;
}

/** What an operator's supervisors and monitors ask, over HTTP: `/healthz`, `/readyz` and `/metrics`. */
export interface Operations {
  readonly metrics: Metrics;
  readonly address: HttpListen;
  /** From now on these are asked too: where a step of all of them takes too long, the bot is not ready. */
  watchRenderers(renderers: readonly { isLate(): boolean }[]): void;
  /** From now on these parts are asked, until the returned function is called. */
  attach(parts: BotParts): () => void;
  close(): Promise<void>;
}

/**
 * Listens; until {@link Operations.attach} the bot is alive and not ready.
 * @throws ConfigError `http-listen`
 */
export async function startOperations(options: OperationsOptions): Promise<Operations> {
  const { listen, version, engine, log, clock = systemClock, modelFiles } = options;
  let parts: BotParts | undefined;
  let renderers: readonly { isLate(): boolean }[] = [];
  const registry = createMetricsRegistry(log);
  registry.replace('kinora_build_info', [{ value: 1, labels: { version, engine } }]);
  const readiness = createReadiness({
    parts: () => parts,
    isRenderLate: () => renderers.length > 0 && renderers.every((renderer) => renderer.isLate()),
    modelFiles,
    clock,
  });

  const server = await startHttpServer({
    listen,
    log,
    routes: {
      // The event loop answers: that is all it says.
      '/healthz': () => json(200, { status: 'alive', uptimeSeconds: Math.round(process.uptime()) }),
      async '/readyz'() {
        const report = await readiness();
        return json(report.status === 'ready' ? 200 : 503, report);
      },
      async '/metrics'() {
        if (parts !== undefined) {
          await setGauges(registry, { parts, clock }).catch((err: unknown) => {
            log.warn({ err }, 'not every metric could be read');
          });
        }
        return { status: 200, contentType: registry.contentType, body: await registry.text() };
      },
    },
  });
  log.info({ ...server.address }, 'answering /healthz, /readyz and /metrics');

  return {
    metrics: registry.metrics,
    address: server.address,
    watchRenderers(watched) {
      renderers = watched;
    },
    attach(running) {
      parts = running;
      return () => {
        parts = undefined;
      };
    },
    close: server.close,
  };
}

/** Reads what is true now. What lies on the disk comes last, since it may fail. */
async function setGauges(
  { replace }: MetricsRegistry,
  { parts, clock }: { parts: BotParts; clock: Clock },
): Promise<void> {
  const { waiting, running } = parts.jobs.overview();
  const acceptedAtMs = waiting.map(({ job }) => job.createdAtMs);
  const oldestMs = acceptedAtMs.length > 0 ? Math.max(0, clock.now() - Math.min(...acceptedAtMs)) : 0;
  const single = (value: number) => [{ value, labels: {} }];
  replace('kinora_jobs_waiting', single(waiting.length));
  replace('kinora_jobs_running', single(running.length));
  replace('kinora_queue_oldest_job_age_seconds', single(oldestMs / 1000));
  replace(
    'kinora_worker_up',
    parts.jobs.workers().map(({ name, fault }) => ({ value: fault === undefined ? 1 : 0, labels: { worker: name } })),
  );
  const shards = parts.gateway().map((state) => ({ ...state, labels: { shard: String(state.shard) } }));
  replace(
    'kinora_gateway_up',
    shards.map(({ isConnected, labels }) => ({ value: Number(isConnected), labels })),
  );
  replace(
    'kinora_gateway_latency_seconds',
    shards.flatMap(({ latencyMs, labels }) => (latencyMs === undefined ? [] : [{ value: latencyMs / 1000, labels }])),
  );
  const { freeBytes, usedBytes, delivering, lastBackupAtMs = 0 } = await parts.storage.state();
  replace('kinora_deliveries_pending', single(delivering));
  replace('kinora_storage_free_bytes', single(freeBytes));
  replace(
    'kinora_storage_used_bytes',
    Object.entries(usedBytes).map(([kind, value]) => ({ value, labels: { kind } })),
  );
  replace('kinora_last_backup_timestamp_seconds', single(lastBackupAtMs / 1000));
}

function json(status: number, value: unknown): HttpAnswer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}
