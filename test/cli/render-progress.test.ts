import { describe, expect, it } from 'vitest';
import { createRenderProgress } from '../../src/cli/render-progress.ts';
import type { RenderProgress } from '../../src/worker/types.ts';
import { memoryStream } from '../support/cli-io.ts';

const news: RenderProgress[] = [
  { stage: 'prepare', step: 0, steps: 1, secondsPerStep: undefined },
  { stage: 'prepare', step: 1, steps: 1, secondsPerStep: 0.1 },
  { stage: 'denoise', step: 0, steps: 4, secondsPerStep: undefined },
  { stage: 'denoise', step: 1, steps: 4, secondsPerStep: 20 },
  { stage: 'denoise', step: 2, steps: 4, secondsPerStep: 20 },
  { stage: 'denoise', step: 4, steps: 4, secondsPerStep: 20 },
];

describe('createRenderProgress', () => {
  it('writes a line for each stage, and now and then its steps, where no one watches', () => {
    const stream = memoryStream(false);
    let nowMs = 0;
    const view = createRenderProgress(stream, () => nowMs);
    for (const progress of news) {
      view.update(progress);
      nowMs += 6_000;
    }
    view.stop();
    expect(stream.text().split('\n')).toEqual([
      'Preparing the picture',
      'Denoising 0/4',
      'Denoising 2/4, 40 s left',
      '',
    ]);
  });

  it('draws a bar for each stage on a terminal, with the time left', () => {
    const stream = memoryStream(true);
    const view = createRenderProgress(stream, () => 0);
    for (const progress of news) view.update(progress);
    view.stop();
    const text = stream.text();
    expect(text).toMatch(/Preparing the picture +█+ 1\/1/);
    expect(text).toMatch(/Denoising +█+ 4\/4/);
  });
});
