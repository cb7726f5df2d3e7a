/** How a metric is declared. Names follow https://prometheus.io/docs/practices/naming/: base units, counters end in `_total`. */
interface MetricDeclaration {
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  /** Never what has no bounds: no ids of users, servers or jobs. */
  labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in seconds. */
  buckets?: readonly number[];
}

const renderBuckets = [10, 30, 60, 120, 300, 600, 1200, 3600] as const;
const shortBuckets = [0.1, 0.3, 1, 3, 10, 30, 60, 300] as const;

/** Every metric of Kinora's own, in the order in which they are given out. Adding one is one entry here and the place that sets it. */
export const metricDeclarations = {
  kinora_build_info: {
    type: 'gauge',
    help: 'Always 1; which version runs, and what brings jobs to those who render them: local or bullmq (QUEUE_URL).',
    labels: ['version', 'engine'],
  },
  kinora_jobs_submitted_total: {
    type: 'counter',
    help: 'Jobs that were accepted, by what is made: animate, extend or reencode.',
    labels: ['mode'],
  },
  kinora_jobs_finished_total: {
    type: 'counter',
    help: 'Jobs that ended: delivered, failed, cancelled, refused (the picture or the settings) or expired (not delivered in time).',
    labels: ['mode', 'outcome'],
  },
  kinora_jobs_waiting: { type: 'gauge', help: 'Jobs that wait for their turn.', labels: [] },
  kinora_jobs_running: { type: 'gauge', help: 'Jobs that are rendered at this moment.', labels: [] },
  kinora_queue_oldest_job_age_seconds: {
    type: 'gauge',
    help: 'How long the job has waited that was accepted first of those that wait; 0 where none does.',
    labels: [],
  },
  kinora_job_wait_seconds: {
    type: 'histogram',
    help: 'From when a job was accepted to when it began for the first time.',
    labels: [],
    buckets: renderBuckets,
  },
  kinora_job_duration_seconds: {
    type: 'histogram',
    help: 'What making a clip took, all stages together.',
    labels: ['mode'],
    buckets: renderBuckets,
  },
  kinora_stage_duration_seconds: {
    type: 'histogram',
    help: 'What one stage of a clip took: prepare, encode-image, denoise, decode or encode-video.',
    labels: ['stage'],
    buckets: [0.1, 1, 3, 10, 30, 60, 120, 300, 600, 1200],
  },
  kinora_denoise_step_seconds: {
    type: 'histogram',
    help: 'What a denoising step took, as the mean of a clip.',
    labels: [],
    buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300],
  },
  kinora_job_redeliveries_total: {
    type: 'counter',
    help: 'Jobs that began once more: broken (the attempt before failed or died with its process) or put-back (not by its own fault).',
    labels: ['reason'],
  },
  kinora_images_rejected_total: {
    type: 'counter',
    help: 'Pictures that could not be fetched or animated, by the code of the error.',
    labels: ['reason'],
  },
  kinora_worker_up: {
    type: 'gauge',
    help: 'Whether who renders takes jobs (1), or waits until the machine is well again (0).',
    labels: ['worker'],
  },
  kinora_worker_restarts_total: {
    type: 'counter',
    help: 'Render processes that were replaced after an error, by its code.',
    labels: ['reason'],
  },
  kinora_deliveries_pending: {
    type: 'gauge',
    help: 'Finished clips that are on their way to their requesters.',
    labels: [],
  },
  kinora_delivery_duration_seconds: {
    type: 'histogram',
    help: 'From when a clip was ready to when it was delivered.',
    labels: [],
    buckets: shortBuckets,
  },
  kinora_delivery_retries_total: {
    type: 'counter',
    help: 'Tries to deliver a clip that Discord or the network let fail, and that are made again.',
    labels: [],
  },
  kinora_discord_requests_total: {
    type: 'counter',
    help: "Answers of Discord's API, by route and HTTP status.",
    labels: ['route', 'code'],
  },
  kinora_discord_rate_limited_total: {
    type: 'counter',
    help: 'Times that a request had to wait for a rate limit, or was refused over one: user, global or shared.',
    labels: ['scope'],
  },
  kinora_gateway_up: {
    type: 'gauge',
    help: 'Whether a connection to the gateway has a session (1) or not (0).',
    labels: ['shard'],
  },
  kinora_gateway_latency_seconds: {
    type: 'gauge',
    help: "How long the gateway's last answer to a heartbeat took.",
    labels: ['shard'],
  },
  kinora_storage_free_bytes: { type: 'gauge', help: 'Free space on the disk of DATA_DIR.', labels: [] },
  kinora_storage_used_bytes: {
    type: 'gauge',
    help: 'What DATA_DIR holds: database, wal (its write-ahead log), blobs (large pictures and clips) and other.',
    labels: ['kind'],
  },
  kinora_last_backup_timestamp_seconds: {
    type: 'gauge',
    help: 'When the last backup was made, in seconds since 1970; 0 where none was.',
    labels: [],
  },
} as const satisfies Record<`kinora_${string}`, MetricDeclaration>;

type Declarations = typeof metricDeclarations;

type NameOf<Type extends MetricDeclaration['type']> = {
  [Name in keyof Declarations]: Declarations[Name]['type'] extends Type ? Name : never;
}[keyof Declarations];

type CounterName = NameOf<'counter'>;
export type GaugeName = NameOf<'gauge'>;
type HistogramName = NameOf<'histogram'>;

/** A value for each label of a metric. */
export type MetricLabels<Name extends keyof Declarations> = Readonly<
  Record<Declarations[Name]['labels'][number], string>
>;

/** What Kinora's folders tell of what happens. No method throws. */
export interface Metrics {
  /** One more of it happened. */
  count<Name extends CounterName>(name: Name, labels: MetricLabels<Name>): void;
  /** Something took so many seconds. */
  observe<Name extends HistogramName>(name: Name, seconds: number, labels: MetricLabels<Name>): void;
}

/** For where nobody asks. */
export const noMetrics: Metrics = { count: () => {}, observe: () => {} };
