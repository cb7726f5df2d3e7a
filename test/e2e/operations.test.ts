import { expect, it, onTestFinished } from 'vitest';
import { InferenceError } from '../../src/errors.ts';
import type { InteractionHandle } from '../../src/fake-discord/types.ts';
import { type Operations, startOperations } from '../../src/operations/operations.ts';
import { metricDeclarations } from '../../src/util/metrics.ts';
import { type ParsedMetric, parseMetrics } from '../support/parse-metrics.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { buttonOf, clipOf, failureOf, hastyClock, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture } };

async function listen(): Promise<{ operations: Operations; log: ReturnType<typeof createRecordingLog> }> {
  const log = createRecordingLog();
  const listenAt = { host: '127.0.0.1', port: 0 };
  const operations = await startOperations({
    listen: listenAt,
    version: '1.2.3',
    engine: 'bullmq',
    modelFiles: [],
    log,
  });
  onTestFinished(operations.close);
  return { operations, log };
}

const ask = ({ address }: Operations, path: string) => fetch(`http://${address.host}:${address.port}${path}`);

async function readyOf(operations: Operations) {
  const answer = await ask(operations, '/readyz');
  const report = (await answer.json()) as { status: string; checks: Record<string, { ok: boolean; reason?: string }> };
  return { code: answer.status, ...report };
}

async function scrape(operations: Operations): Promise<Map<string, ParsedMetric>> {
  const answer = await ask(operations, '/metrics');
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(await answer.text());
}

/** The value of a series; 0 where there is none. */
function seriesValue(metrics: Map<string, ParsedMetric>, name: string, labels: Record<string, string> = {}): number {
  const samples = metrics.get(name.replace(/_(count|sum)$/, '')) ?? metrics.get(name);
  const found = samples?.samples.find(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return found?.value ?? 0;
}

it('health, readiness and metrics answer under load, and the metrics say what happened, without anybody’s id', async () => {
  const { operations, log } = await listen();
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, clock: hastyClock, operations });
  const people = Array.from({ length: 12 }, (_, index) => discord.createUser(`person-${index}`));
  const handles: InteractionHandle[] = [];
  // One after the other: so they are made.
  for (const { id } of people) {
    const handle = discord.invoke({ ...animate, user: id });
    await handle.waitForMessage(({ components }) => components.length > 0);
    handles.push(handle);
  }

  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, index) => ask(operations, ['/healthz', '/readyz', '/metrics'][index % 3]!)),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(60).fill(200));
  const busy = await scrape(operations);
  expect(seriesValue(busy, 'kinora_jobs_waiting')).toBe(11);
  expect(seriesValue(busy, 'kinora_jobs_running')).toBe(1);
  expect(seriesValue(busy, 'kinora_queue_oldest_job_age_seconds')).toBeGreaterThan(0);
  expect(await readyOf(operations)).toMatchObject({ code: 200, status: 'ready' });

  // One fails twice by itself; one is put back by a fault of the machine; one is refused; one is cancelled.
  (await renderer.begun(0)).fail(new Error('first try'));
  (await renderer.begun(1)).fail(new InferenceError('out-of-luck', 'its own fault', { scope: 'job' }));
  (await renderer.begun(2)).fail(new InferenceError('gpu-gone', 'no card', { scope: 'host' }));
  const route = 'PATCH /webhooks/:application/:token/messages/:message' as const;
  const scrapes: Promise<unknown>[] = [];
  discord.failNext({ route, status: 429, retryAfterSeconds: 0.01, uploadsOnly: true });
  for (let index = 3; index < 13; index++) {
    const render = await renderer.begun(index);
    if (index === 5) {
      const message = await handles[11]!.waitForMessage(({ components }) => components.length > 0);
      const customId = buttonOf(message, 'Cancel');
      await discord.clickButton({ messageId: message.id, customId, user: people[11]!.id }).acknowledged;
    }
    if (index === 6) {
      // The first uploads have met the limit by then.
      const limited = async () => seriesValue(await scrape(operations), 'kinora_discord_rate_limited_total');
      await expect.poll(limited, { timeout: 10_000 }).toBeGreaterThanOrEqual(1);
      discord.failNext({ route, status: 503, times: 40, uploadsOnly: true });
    }
    render.finish();
    scrapes.push(scrape(operations));
  }
  await Promise.all(scrapes);
  const blank = { name: 'words.png', bytes: Buffer.from('no picture at all') };
  await failureOf(discord.invoke({ ...animate, attachments: { image: blank } }));
  await Promise.all(handles.slice(1, 11).map((handle) => clipOf(handle)));

  await expect
    .poll(async () => seriesValue(await scrape(operations), 'kinora_jobs_finished_total', { outcome: 'delivered' }))
    .toBe(10);
  const metrics = await scrape(operations);
  const count = (name: string, labels?: Record<string, string>) => seriesValue(metrics, name, labels);
  expect(count('kinora_build_info', { version: '1.2.3', engine: 'bullmq' })).toBe(1);
  expect(count('kinora_jobs_submitted_total', { mode: 'animate' })).toBe(12);
  expect(count('kinora_jobs_finished_total', { mode: 'animate', outcome: 'failed' })).toBe(1);
  expect(count('kinora_jobs_finished_total', { mode: 'animate', outcome: 'cancelled' })).toBe(1);
  expect(count('kinora_job_redeliveries_total', { reason: 'broken' })).toBe(1);
  expect(count('kinora_job_redeliveries_total', { reason: 'put-back' })).toBe(1);
  expect(count('kinora_job_wait_seconds_count')).toBe(11);
  expect(count('kinora_job_duration_seconds_count', { mode: 'animate' })).toBe(10);
  expect(count('kinora_job_duration_seconds_sum', { mode: 'animate' })).toBe(280);
  expect(count('kinora_stage_duration_seconds_sum', { stage: 'denoise' })).toBe(200);
  expect(count('kinora_denoise_step_seconds_sum')).toBe(100);
  expect(count('kinora_delivery_duration_seconds_count')).toBe(10);
  expect(count('kinora_delivery_retries_total')).toBeGreaterThanOrEqual(1);
  expect(count('kinora_images_rejected_total', { reason: 'picture-not-a-picture' })).toBe(1);
  expect(count('kinora_discord_requests_total', { code: '503' })).toBeGreaterThanOrEqual(6);
  expect(count('kinora_discord_rate_limited_total')).toBeGreaterThanOrEqual(1);
  expect(count('kinora_gateway_up', { shard: '0' })).toBe(1);
  expect(count('kinora_worker_up', { worker: 'device' })).toBe(1);
  expect(count('kinora_storage_free_bytes')).toBeGreaterThan(0);
  expect(count('kinora_storage_used_bytes', { kind: 'database' })).toBeGreaterThan(0);
  expect(count('kinora_deliveries_pending')).toBe(0);
  expect(count('process_resident_memory_bytes')).toBeGreaterThan(0);
  expect(metrics.has('nodejs_eventloop_lag_seconds')).toBe(true);

  // Nothing is declared that nothing sets. The renderer of this test has no process to replace: worker-pool.test.ts.
  const unset = Object.keys(metricDeclarations).filter((name) => (metrics.get(name)?.samples.length ?? 0) === 0);
  expect(unset.filter((name) => name !== 'kinora_gateway_latency_seconds')).toEqual(['kinora_worker_restarts_total']);
  const labels = [...metrics.values()].flatMap(({ samples }) =>
    samples.flatMap((sample) => Object.values(sample.labels)),
  );
  expect(labels.filter((text) => /\d{15,}|person-|[0-9a-f]{8}/.test(text))).toEqual([]);
  expect(log.events.filter(({ level }) => level === 'warn')).toEqual([]);
});

it('a bot that cannot reach Discord is alive and not ready; back again it is ready', async () => {
  const { operations } = await listen();
  expect(await readyOf(operations)).toMatchObject({
    code: 503,
    checks: { gateway: { reason: expect.stringContaining('starting') } },
  });
  const { discord, stopBot } = await setStage({ renderer: createScriptedRenderer(), clock: hastyClock, operations });
  expect(await readyOf(operations)).toMatchObject({ code: 200 });
  discord.silenceGateway(true);
  discord.dropGateway();
  await expect
    .poll(async () => (await readyOf(operations)).checks.gateway, { timeout: 20_000 })
    .toEqual({ ok: false, reason: 'shard 0 is not connected' });
  expect((await ask(operations, '/healthz')).status).toBe(200);
  expect(seriesValue(await scrape(operations), 'kinora_gateway_up', { shard: '0' })).toBe(0);
  discord.silenceGateway(false);
  await expect.poll(async () => (await readyOf(operations)).code, { timeout: 60_000 }).toBe(200);
  await stopBot();
  expect((await ask(operations, '/healthz')).status).toBe(200);
  await expect.poll(async () => (await readyOf(operations)).code).toBe(503);
});

it('a bot whose machine makes no clips is not ready, and says why', async () => {
  const { operations } = await listen();
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, operations });
  discord.invoke(animate);
  (await renderer.begun(0)).fail(new InferenceError('gpu-gone', 'The card fell off the bus.', { scope: 'host' }));
  const reason = 'no clips can be made: The card fell off the bus. (gpu-gone)';
  await expect.poll(async () => (await readyOf(operations)).checks.render).toEqual({ ok: false, reason });
  expect(seriesValue(await scrape(operations), 'kinora_worker_up', { worker: 'device' })).toBe(0);
});
