/**
 * Which folder of src/ may import which, besides itself, `errors.ts`, `util` and `settings`. Type-only imports count. A folder that
 * stands in the table with a slash has rules of its own; its parent's do not hold for it. `*` means everything.
 * The picture in docs/architecture.md is drawn from this table by `npm run fix`.
 */
export const mayImport = {
  util: [],
  settings: [],
  config: [],
  'inference/safetensors': [],
  'inference/onnx': [],
  'inference/random': [],
  'inference/graph': ['inference/safetensors', 'inference/onnx'],
  'inference/schedulers': ['inference/random'],
  'inference/nn': ['inference/graph'],
  'inference/models': ['inference/safetensors', 'inference/graph', 'inference/nn'],
  'inference/runtime': ['inference/onnx'],
  'inference/pipeline': [
    ...(['inference/safetensors', 'inference/onnx', 'inference/random', 'inference/graph'] as const),
    ...(['inference/schedulers', 'inference/nn', 'inference/models', 'inference/runtime'] as const),
  ],
  media: [],
  // hub: how much memory the card has that the render process is on.
  worker: ['media', 'inference/pipeline', 'hub'],
  storage: [],
  queue: ['storage', 'worker'],
  remote: ['queue', 'storage', 'worker', 'inference/pipeline'],
  operations: ['queue', 'storage'],
  bot: ['queue', 'storage'],
  commands: ['bot', 'queue', 'storage'],
  hub: [],
  'fake-discord': [],
  playground: ['fake-discord', 'playground/page'],
  'playground/page': ['fake-discord', 'playground'],
  cli: ['*'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The only folders or files that may import a package or module; what is not named here may be imported anywhere. */
export const packageHomes = {
  dotenv: ['config'],
  'onnxruntime-node': ['inference/runtime'],
  sharp: ['media'],
  'fluent-ffmpeg': ['media'],
  '@ffmpeg-installer/ffmpeg': ['media'],
  // hub: the system's loader is asked which libraries it finds, instead of parsing ELF and its cache.
  'node:child_process': ['worker', 'hub/cuda', 'cli/playground.ts'],
  child_process: [],
  'p-queue': ['queue'],
  'prom-client': ['operations'],
  bullmq: ['queue/engine'],
  ioredis: ['queue/engine'],
  libsql: ['storage'],
  '@aws-sdk/client-s3': ['remote/s3-store.ts'],
  '@aws-sdk/s3-request-presigner': ['remote/s3-store.ts'],
  'discord.js': ['bot', 'commands', 'cli/app.ts'],
  ws: ['fake-discord', 'playground'],
  '@huggingface/hub': ['hub'],
  esbuild: ['playground'],
  lit: ['playground/page'],
  '@skyra/discord-components-core': ['playground/page'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
