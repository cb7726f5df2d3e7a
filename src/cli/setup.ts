import type { CliIo } from './io.ts';
import { usageError } from './usage-error.ts';

/** `kinora setup …`: things that npm does not install. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const [name = '--help', ...rest] = argv;
  if (name === '--help' || name === '-h') {
    io.stdout.write('Usage: kinora setup cuda [options]\n\n  cuda   fetch the CUDA libraries of ONNX Runtime\n');
    return 0;
  }
  if (name !== 'cuda') throw usageError(`kinora setup knows nothing of "${name}"; it can set up: cuda.`);
  const setupCuda = await import('./setup-cuda.ts');
  return setupCuda.run(rest, io);
}
