import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';

// The program that makes a clip on the CUDA provider, on a card of so many bytes, and tells how as JSON.

const [modelDir = '', cardBytes = ''] = process.argv.slice(2);
const lines: string[] = [];
const pipeline = await openImageToVideo({
  modelDir,
  provider: 'cuda',
  cardBytes: async () => Number(cardBytes),
  log: (line) => void lines.push(line),
});
const { defaults } = pipeline.info;
const { width, height } = defaults;
const run = pipeline.generate({ width, height, data: new Uint8Array(width * height * 3) }, { ...defaults, seed: 1 });
const stages = new Map<string, number>();
let next = await run.next();
for (; !next.done; next = await run.next()) stages.set(next.value.stage, next.value.steps);
await pipeline.release();
const { settings, frames, provider } = next.value;
const told = { decodeChunkSize: settings.decodeChunkSize, frames: frames.length, provider };
process.stdout.write(`${JSON.stringify({ ...told, decodeSteps: stages.get('decode'), lines })}\n`);
