import { execFile, spawn } from 'node:child_process';

/** How often the card's memory is looked at, in milliseconds. */
const sampleMs = 100;

/** The card that CUDA takes where nobody chooses. */
export function cardIndex(environment: Readonly<Record<string, string | undefined>>): string {
  const [first = ''] = (environment.CUDA_VISIBLE_DEVICES ?? '').split(',');
  return first === '' ? '0' : first;
}

const question = ['--query-gpu=memory.used', '--format=csv,noheader,nounits'];

/**
 * Watches how much memory of a card is taken, by all processes together: what a container's own processes take, nvidia-smi
 * cannot always tell.
 * @returns `stop` tells the most over what was taken at the start; undefined where nvidia-smi does not answer
 */
export async function watchCard(index: string): Promise<{ stop(): number | undefined }> {
  const before = await new Promise<number | undefined>((answer) => {
    execFile('nvidia-smi', [...question, '-i', index], { timeout: 20_000 }, (error, stdout) =>
      answer(error === null ? readMebibytes(stdout).at(0) : undefined),
    );
  });
  if (before === undefined) return { stop: () => undefined };
  let most = before;
  const child = spawn('nvidia-smi', [...question, '-i', index, '-lms', String(sampleMs)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.on('error', () => {});
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    most = Math.max(most, ...readMebibytes(text));
  });
  return {
    stop() {
      child.kill();
      return (most - before) * 2 ** 20;
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
