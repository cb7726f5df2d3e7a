import { relative } from 'node:path';
import { type Config, readConfig } from '../config/config.ts';
import { UserError } from '../errors.ts';
import { modelInfo } from '../inference/pipeline/model-info.ts';
import { modelNotes } from '../inference/pipeline/open-checkpoint.ts';
import { presets, withPreset } from '../inference/pipeline/presets.ts';
import type { ModelInfo } from '../inference/pipeline/types.ts';
import { createRenderer } from '../render/child-process-renderer.ts';
import { resolveSettings } from '../render/resolve-settings.ts';
import type { Clip, Renderer, RenderSpec } from '../render/types.ts';
import { type AnimateOptions, animateHelp, readAnimateOptions } from './animate-options.ts';
import { createLog } from './create-log.ts';
import { clipAsJson, clipAsSentence } from './describe-clip.ts';
import type { CliIo } from './io.ts';
import { locateModel } from './locate-model.ts';
import { openOutputFile, openOutputFolder } from './output-file.ts';
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
  const chosen = withChoices(readConfig(io.environment), options);
  const { config, configs } = await locateModel(chosen, io.environment);
  const settings = settingsFor(modelInfo(configs), options);
  for (const note of await modelNotes(configs)) io.stderr.write(`${note}\n`);
  const { maxFrames: trained } = modelInfo(configs).limits;
  if ((settings.numFrames ?? 0) > trained) {
    io.stderr.write(`${settings.numFrames} frames are more than the ${trained} that the model was trained for.\n`);
  }
  const picture = await readPicture(options.picture);
  if (options.framesDir !== undefined) await openOutputFolder(options.framesDir);
  const output = await openOutputFile(options.output);
  try {
    const clip = await renderOnce(rendererOf(config, io), { picture, settings }, { options, io });
    await output.write(clip.bytes);
    const places = { output: fromHere(options.output), framesDir: options.framesDir && fromHere(options.framesDir) };
    io.stdout.write(`${(options.json ? clipAsJson : clipAsSentence)(clip, places)}\n`);
  } finally {
    await output.discard();
  }
  return 0;
}

function withChoices(config: Config, { modelDir, loras, preset, execution }: AnimateOptions): Config {
  const proposed = preset === undefined ? {} : presets[preset].execution;
  return {
    ...config,
    modelDir: modelDir ?? config.modelDir,
    loras: loras ?? config.loras,
    execution: { ...config.execution, ...proposed, ...execution },
  };
}

/**
 * All settings, but for a seed that was not asked for. Those that the model cannot do are wrong usage; told before
 * anything is started.
 */
function settingsFor(own: ModelInfo, { preset, settings: asked }: AnimateOptions): RenderSpec['settings'] {
  const info = preset === undefined ? own : withPreset(own, preset);
  try {
    const { seed: _, ...settings } = resolveSettings(info, asked, () => 0);
    return { ...settings, ...asked };
  } catch (error) {
    throw error instanceof UserError ? usageError(`--${error.message}`, error) : error;
  }
}

function rendererOf({ modelDir, loras, execution, ffmpegPath, modelIdleSeconds, logLevel }: Config, io: CliIo) {
  return createRenderer({
    ...{ modelDir, loras, execution, ffmpegPath, idleSeconds: modelIdleSeconds },
    environment: io.environment,
    log: createLog(logLevel, io.stderr),
  });
}

async function renderOnce(
  renderer: Renderer,
  wanted: Pick<RenderSpec, 'picture' | 'settings'>,
  { options, io }: { options: AnimateOptions; io: CliIo },
): Promise<Clip> {
  const { fit, form, framesDir } = options;
  const progress = createRenderProgress(io.stderr, Date.now);
  try {
    return await renderer.render(
      { ...wanted, fit, form, ...(framesDir === undefined ? {} : { framesDir }) },
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
