import { spawn } from 'node:child_process';

/** How often the card's memory is looked at, in milliseconds. */
const sampleMs = 100;

/** The card that CUDA takes where nobody chooses. */
function cardIndex(environment: Environment): string {
  const [first = ''] = (environment.CUDA_VISIBLE_DEVICES ?? '').split(',');
  return first === '' ? '0' : first;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Watches how much memory of the card is taken, by all processes together: what a container's own processes take, nvidia-smi
 * cannot always tell.
 * @returns once the memory is known that is taken before; `stop` tells the most over it, undefined where nvidia-smi does not
 *   answer
 */
export async function watchCard(environment: Environment): Promise<{ stop(): number | undefined }> {
  const words = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '-i', cardIndex(environment)];
  const child = spawn('nvidia-smi', [...words, '-lms', String(sampleMs)], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: environment as NodeJS.ProcessEnv,
  });
  const samples: number[] = [];
  await new Promise<void>((begun) => {
    child.once('error', () => begun());
    child.once('close', () => begun());
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      samples.push(...readMebibytes(text));
      begun();
    });
  });
  return {
    stop() {
      child.kill();
      const [before] = samples;
      return before === undefined ? undefined : (Math.max(...samples) - before) * 2 ** 20;
    },
  };
}

/** The numbers of nvidia-smi's lines; lines that are none are passed over. */
function readMebibytes(text: string): number[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^\d+$/.test(line))
    .map(Number);
}
