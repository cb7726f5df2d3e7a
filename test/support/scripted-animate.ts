import type { AnimateTools } from '../../src/cli/animate.ts';
import type { WorkerPoolOptions } from '../../src/worker/worker-pool.ts';
import { makeClip } from './scripted-renderer.ts';

/**
 * For `kinora animate` where nothing but what it says and asks for is of interest: every picture is taken, and a clip is made
 * up.
 * @param onRenderer is told what each renderer is asked for
 */
export function scriptedAnimate(onRenderer: (options: WorkerPoolOptions) => void = () => {}): AnimateTools {
  return {
    createChecker: () => ({
      check: async () => ({ format: 'png', width: 64, height: 64, isBlank: false }),
      checkBeforeQueueing: async () => {},
      close() {},
    }),
    createRenderer(options) {
      onRenderer(options);
      return { render: async (spec) => makeClip(spec), close: async () => {} };
    },
  };
}
