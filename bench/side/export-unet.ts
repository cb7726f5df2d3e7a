import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { run as exportOnnx } from '../../src/cli/export-onnx.ts';
import type { Case } from './cases.ts';

/**
 * The UNet's ONNX files, as `kinora export onnx` writes them for a call without guidance; the folder is made once. OpenVINO
 * reads them without copying the weights. Its own conversion of diffusers' module held more than 20 GB.
 */
export async function exportUnet(modelDir: string, folder: string, { frames, size }: Case): Promise<string> {
  if (existsSync(join(folder, 'ONNX.md'))) return folder;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const sizes = ['--width', `${size}`, '--height', `${size}`, '--frames', `${frames}`];
  const io = { stdout: silent, stderr: process.stderr, signal: new AbortController().signal, environment: {} };
  await exportOnnx(['--model', modelDir, '--out', folder, ...sizes, '--guidance-min', '1', '--guidance-max', '1'], io);
  return folder;
}
