import { relative } from 'node:path';
import { type Config, readConfig } from '../config/config.ts';
import { UserError } from '../errors.ts';
import { readModelInfo } from '../inference/pipeline/model-info.ts';
import { createRenderer } from '../render/child-process-renderer.ts';
import { resolveSettings } from '../render/resolve-settings.ts';
import type { Clip, Renderer } from '../render/types.ts';
import { type AnimateOptions, animateHelp, readAnimateOptions } from './animate-options.ts';
import { createLog } from './create-log.ts';
import { clipAsJson, clipAsSentence } from './describe-clip.ts';
import type { CliIo } from './io.ts';
import { openOutputFile } from './output-file.ts';
import { readPicture } from './read-picture.ts';
import { createRenderProgress } from './render-progress.ts';
import { usageError } from './usage-error.ts';

/** `kinora animate`: a picture's file becomes a clip's file. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const options = readAnimateOptions(argv);
  if (options === undefined) {
    io.stdout.write(animateHelp);
    return 0;
  }
  const config = withChoices(readConfig(io.environment), options);
  await checkAgainstModel(config.modelDir, options);
  const picture = await readPicture(options.picture);
  const output = await openOutputFile(options.output);
  try {
    const clip = await renderOnce(rendererOf(config, io), picture, { options, io });
    await output.write(clip.bytes);
    const places = { output: fromHere(options.output), framesDir: options.framesDir && fromHere(options.framesDir) };
    io.stdout.write(`${(options.json ? clipAsJson : clipAsSentence)(clip, places)}\n`);
  } finally {
    await output.discard();
  }
  return 0;
}

function withChoices(config: Config, { modelDir, execution }: AnimateOptions): Config {
  return { ...config, modelDir: modelDir ?? config.modelDir, execution: { ...config.execution, ...execution } };
}

/** Settings that the model cannot do are wrong usage; told before anything is started. */
async function checkAgainstModel(modelDir: string, { settings }: AnimateOptions): Promise<void> {
  const info = await readModelInfo(modelDir);
  try {
    resolveSettings(info, settings, () => 0);
  } catch (error) {
    throw error instanceof UserError ? usageError(`--${error.message}`, error) : error;
  }
}

function rendererOf({ modelDir, execution, ffmpegPath, modelIdleSeconds, logLevel }: Config, io: CliIo) {
  return createRenderer({
    ...{ modelDir, execution, ffmpegPath, idleSeconds: modelIdleSeconds },
    environment: io.environment,
    log: createLog(logLevel, io.stderr),
  });
}

async function renderOnce(
  renderer: Renderer,
  picture: Uint8Array,
  { options, io }: { options: AnimateOptions; io: CliIo },
): Promise<Clip> {
  const { settings, fit, framesDir } = options;
  const progress = createRenderProgress(io.stderr, Date.now);
  try {
    return await renderer.render(
      { picture, settings, fit, ...(framesDir === undefined ? {} : { framesDir }) },
      { signal: io.signal, onProgress: progress.update },
    );
  } finally {
    progress.stop();
    await renderer.close();
  }
}

function fromHere(path: string): string {
  const short = relative('.', path);
  return short.startsWith('..') ? path : short;
}
