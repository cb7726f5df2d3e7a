import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A model folder for quick renders, which no test may change. */
    tinyModel: string;
  }
}

/** Fills a folder with a checkpoint of random weights, and proposals for clips as small. */
export function writeTinyModel(modelDir: string): void {
  cpSync('test/golden/models/tiny-a', modelDir, { recursive: true });
  const proposals = { name: 'tiny', width: 24, height: 24, num_frames: 2, num_inference_steps: 2 };
  writeFileSync(join(modelDir, 'kinora.json'), JSON.stringify(proposals));
}

/** Before all tests: makes the tiny model that files share; it is gone after them. */
export default function makeSharedModel(project: TestProject): () => void {
  const modelDir = resolve(`out/test-tiny-${process.pid}`);
  mkdirSync(modelDir, { recursive: true });
  writeTinyModel(modelDir);
  project.provide('tinyModel', modelDir);
  return () => rmSync(modelDir, { recursive: true, force: true });
}
