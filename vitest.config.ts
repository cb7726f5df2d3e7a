import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The default `forks` pool: the vm pools break ONNX Runtime's tensors.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
