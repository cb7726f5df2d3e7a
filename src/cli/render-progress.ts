import { SingleBar } from 'cli-progress';
import type { RenderProgress, RenderStage } from '../worker/types.ts';
import type { CliStream } from './io.ts';
import { formatDuration } from './transfer-progress.ts';

/** Shows a render to whoever watches: one bar per stage on a terminal, plain lines elsewhere. */
export interface RenderProgressView {
  update(progress: RenderProgress): void;
  /** Ends the bar and gives the terminal back. */
  stop(): void;
}

const stageNames: Readonly<Record<RenderStage, string>> = {
  prepare: 'Preparing the picture',
  'encode-image': 'Encoding the picture',
  denoise: 'Denoising',
  decode: 'Decoding the frames',
  upscale: 'Enlarging the frames',
  'encode-video': 'Encoding the video',
};
const nameWidth = Math.max(...Object.values(stageNames).map((name) => name.length));

/** Without a terminal, a stage's steps are told at most this often. */
const lineEveryMs = 10_000;

/** `now` in milliseconds. */
export function createRenderProgress(stream: CliStream, now: () => number): RenderProgressView {
  return stream.isTTY ? barView(stream) : lineView(stream, now);
}

function barView(stream: CliStream): RenderProgressView {
  let stage: RenderStage | undefined;
  let bar: SingleBar | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update(progress) {
      const { step, steps } = progress;
      const payload = { name: stageNames[progress.stage].padEnd(nameWidth), left: timeLeft(progress) };
      if (bar === undefined || stage !== progress.stage) {
        stop();
        stage = progress.stage;
        bar = new SingleBar({
          stream,
          format: '{name} {bar} {value}/{total}  {left}',
          barsize: 24,
          barCompleteChar: '█',
          barIncompleteChar: '░',
          hideCursor: true,
          // Kinora's own handler ends the render cleanly.
          gracefulExit: false,
        });
        bar.start(steps, step, payload);
      } else {
        bar.update(step, payload);
      }
    },
    stop,
  };
}

function lineView(stream: CliStream, now: () => number): RenderProgressView {
  let shown: { stage?: RenderStage; atMs: number } = { atMs: 0 };
  return {
    update(progress) {
      const { stage, step, steps } = progress;
      const isNew = stage !== shown.stage;
      if (!isNew && now() - shown.atMs < lineEveryMs) return;
      shown = { stage, atMs: now() };
      const count = steps > 1 ? ` ${step}/${steps}` : '';
      const left = timeLeft(progress);
      stream.write(`${stageNames[stage]}${count}${left === '' ? '' : `, ${left}`}\n`);
    },
    stop: () => {},
  };
}

/** The stage's time left, from its steps so far; empty before the first and after the last. */
function timeLeft({ step, steps, secondsPerStep }: RenderProgress): string {
  if (secondsPerStep === undefined || step >= steps) return '';
  return `${formatDuration((steps - step) * secondsPerStep)} left`;
}
