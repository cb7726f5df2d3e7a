/**
 * Test files that run in a process of their own, because they change or measure what a whole process has. All others
 * share processes, and so load discord.js, sharp and ONNX Runtime once instead of once each: they may open servers,
 * sessions and processes, if they end them, and may not change what their imports hold.
 * projects.test.ts finds files that are missing here.
 */
export const isolated: Readonly<Record<string, string>> = {
  'test/storage/event-loop.test.ts': 'measures how long the event loop is held',
  'test/worker/worker-pool.test.ts': 'measures memory and how long the event loop is held',
};

/**
 * Test files that change what a process has and give it back after each test. They share processes like all others, since
 * a process runs one file at a time: one of its own would first load all that they import, which takes longer than they do.
 */
export const givingBack: Readonly<Record<string, string>> = {
  'test/cli/demo.test.ts': 'the working folder',
  'test/config/environment.test.ts': 'the environment and the working folder',
  'test/hub/pulled-models.test.ts': 'the working folder',
};

/** The longest files, longest first: they are begun first, so that no core waits for them at the end. */
export const longest: readonly string[] = [
  'test/playground/browser.test.ts',
  'test/remote/dying-hosts.test.ts',
  'test/remote/several-hosts.test.ts',
  'test/worker/webgpu.test.ts',
  'test/worker/worker-pool.test.ts',
  'test/inference/runtime/cuda-stub.test.ts',
  'test/inference/pipeline/two-pictures.test.ts',
  'test/inference/pipeline/picture-kinds.test.ts',
  'test/inference/pipeline/resume.test.ts',
  'test/cli/animate.test.ts',
  'test/inference/pipeline/image-to-video.test.ts',
  'test/worker/host-faults.test.ts',
  'test/e2e/kill.test.ts',
  'test/inference/pipeline/half-precision.test.ts',
  'test/e2e/log-secrets.test.ts',
  'test/e2e/host-faults.test.ts',
  'test/e2e/devices.test.ts',
  'test/playground/faults.test.ts',
  'test/e2e/gateway.test.ts',
  'test/queue/bullmq-engine.test.ts',
  'test/cli/model-names.test.ts',
  'test/inference/pipeline/cancel.test.ts',
  'test/inference/pipeline/loras.test.ts',
  'test/e2e/refusals.test.ts',
  'test/e2e/spoilers.test.ts',
  'test/e2e/doors.test.ts',
  'test/cli/model-folder.test.ts',
  'test/inference/pipeline/guard-networks.test.ts',
  'test/e2e/many-waiting.test.ts',
  'test/worker/stalled-process.test.ts',
  'test/main.test.ts',
];
