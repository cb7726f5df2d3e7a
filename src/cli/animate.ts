import { presetsOfOneSize } from '../commands/animate-options.ts';
import { type Config, readConfig } from '../config/config.ts';
import { JobCancelledError, scopeOf, UserError } from '../errors.ts';
import { checkTwoPictures } from '../inference/pipeline/bidirectional-sampling.ts';
import { modelInfo } from '../inference/pipeline/model-info.ts';
import { modelNotes } from '../inference/pipeline/open-checkpoint.ts';
import { presets, withPreset } from '../inference/pipeline/presets.ts';
import { listStyles } from '../inference/pipeline/styles.ts';
import type { ModelInfo } from '../inference/pipeline/types.ts';
import type { PicturePolicy } from '../media/check-file.ts';
import { forTwoPictures } from '../settings/image-to-video.ts';
import { findStyle, styleId } from '../settings/style.ts';
import { createPictureChecker } from '../worker/picture-checker.ts';
import { resolveSettings } from '../worker/resolve-settings.ts';
import type { Clip, Renderer, RenderSpec } from '../worker/types.ts';
import { createWorkerPool, type WorkerPoolOptions } from '../worker/worker-pool.ts';
import { type AnimateOptions, animateLine, readAnimateOptions } from './animate-options.ts';
import { animateVariations } from './animate-variations.ts';
import { showHelp } from './command-line.ts';
import { createLog } from './create-log.ts';
import { clipAsJson, clipAsSentence, fromHere } from './describe-clip.ts';
import { describeError } from './describe-error.ts';
import type { CliIo } from './io.ts';
import { checkPictures, type LoadedClip, loadPictures } from './load-pictures.ts';
import { locateModel } from './locate-model.ts';
import { type OutputFile, openOutputFile, openOutputFolder } from './output-file.ts';
import { openPreviewFile, type PreviewFile } from './preview-file.ts';
import { displayName } from './read-picture.ts';
import { createRenderProgress } from './render-progress.ts';
import { usageError } from './usage-error.ts';

/** Makes what `kinora animate` works with, and closes before it ends. Default: a process each. */
export interface AnimateTools {
  /** Renders all clips. */
  createRenderer: (options: WorkerPoolOptions) => Renderer;
  /** Looks at all pictures before. */
  createChecker: typeof createPictureChecker;
}

/** `kinora animate`: each picture becomes a clip's file. */
export async function run(
  argv: string[],
  io: CliIo,
  { createRenderer, createChecker }: AnimateTools = {
    createRenderer: createWorkerPool,
    createChecker: createPictureChecker,
  },
): Promise<number> {
  const options = readAnimateOptions(argv);
  if (options === undefined) return showHelp(animateLine, io);
  for (const warning of options.warnings) io.stderr.write(`${warning}\n`);
  const chosen = withChoices(readConfig(io.environment), options);
  const { config, configs, notice } = await locateModel(chosen, io.environment);
  if (notice !== undefined) io.stderr.write(`${notice}\n`);
  const info = modelInfo(configs);
  const settings = settingsFor(info, options);
  const form = await withStyle(formFor(options), config);
  for (const note of await modelNotes(configs)) io.stderr.write(`${note}\n`);
  if (options.end !== undefined && info.orientsBySeed === true) {
    io.stderr.write(
      'This toy model only moves the camera: it cuts from one picture to the other. Real weights turn one into the other.\n',
    );
  }
  const { maxFrames: trained } = info.limits;
  if ((settings.numFrames ?? 0) > trained) {
    io.stderr.write(`${settings.numFrames} frames are more than the ${trained} that the model was trained for.\n`);
  }
  const pictures = { from: 'operator', maxPixels: options.maxPixels } as const;
  // Everything that can be wrong with any of them is told before minutes of work for the first.
  const planned = await loadPictures(options.clips, pictures, io);
  const ends = options.end === undefined ? [] : await loadPictures([{ picture: options.end }], pictures, io);
  const outputs: OutputFile[] = [];
  const isOneClip = options.form.variations === undefined;
  // Of variations it is the file that shows them side by side.
  const preview = options.preview && isOneClip ? await openPreviewFile(options.preview, io.stderr) : undefined;
  try {
    for (const { output, framesDir } of options.clips) {
      if (framesDir !== undefined) await openOutputFolder(framesDir);
      outputs.push(await openOutputFile(output));
    }
    await checkPictures(createChecker({ environment: io.environment, pictures }), [...planned, ...ends], io);
    const clips = planned.map((clip, index) => ({ ...clip, file: outputs[index]! }));
    return await animateAll(createRenderer(rendererOptions(config, pictures, io)), {
      clips,
      loadEnd: ends[0]?.load,
      settings,
      options: { ...options, form },
      preview,
      io,
    });
  } finally {
    await preview?.close();
    await Promise.all(outputs.map((output) => output.discard()));
  }
}

/** What {@link animateAll} goes through. */
interface Batch {
  clips: (LoadedClip & { file: OutputFile })[];
  /** The picture that each clip ends with; undefined: none. */
  loadEnd: (() => Promise<Uint8Array>) | undefined;
  settings: RenderSpec['settings'];
  options: AnimateOptions;
  /** Shows each clip in turn on its way. */
  preview: PreviewFile | undefined;
  io: CliIo;
}

/**
 * Renders one clip after the other with one model. Of several, one that fails is told of and the others go on, unless
 * the machine is at fault, which would be so for all.
 * @returns the exit code
 */
async function animateAll(renderer: Renderer, batch: Batch): Promise<number> {
  const { clips, loadEnd, settings, options, preview, io } = batch;
  let failures = 0;
  try {
    for (const [index, { file, load, picture, ...places }] of clips.entries()) {
      const isSeveral = clips.length > 1;
      const name = describeError(displayName(picture), { withCauses: false });
      if (isSeveral) io.stderr.write(`${name} (${index + 1} of ${clips.length})\n`);
      try {
        const endPicture = await loadEnd?.();
        const { fit, form } = options;
        const spec: RenderSpec = {
          picture: await load(),
          ...(endPicture && { endPicture }),
          settings,
          fit,
          form,
          ...(places.framesDir !== undefined && { framesDir: places.framesDir }),
        };
        const render = (asked: RenderSpec) => renderOnce(renderer, asked, { preview, io });
        if (form.variations !== undefined) {
          await animateVariations({ plan: places, spec, options, render, io });
          continue;
        }
        const clip = await render(spec);
        await file.write(clip.bytes);
        const shown = { output: fromHere(places.output), framesDir: places.framesDir && fromHere(places.framesDir) };
        io.stdout.write(`${(options.json ? clipAsJson : clipAsSentence)(clip, shown)}\n`);
      } catch (error) {
        if (!isSeveral || error instanceof JobCancelledError || scopeOf(error) === 'host') throw error;
        const withCauses = io.environment.LOG_LEVEL === 'debug';
        io.stderr.write(`kinora: ${name}: ${describeError(error, { withCauses })}\n`);
        failures += 1;
      }
    }
  } finally {
    await renderer.close();
  }
  return failures === 0 ? 0 : 1;
}

function withChoices(config: Config, { modelDir, loras, styleDir, preset, execution }: AnimateOptions): Config {
  const proposed = preset === undefined ? {} : presets[preset].execution;
  return {
    ...config,
    modelDir: modelDir ?? config.modelDir,
    isModelDefault: modelDir === undefined && config.isModelDefault,
    loras: loras ?? config.loras,
    styleDir: styleDir ?? config.styleDir,
    execution: { ...config.execution, ...proposed, ...execution },
  };
}

/**
 * All settings, but for a seed that was not asked for. Those that the model cannot do are wrong usage; told before
 * anything is started.
 */
function settingsFor(own: ModelInfo, { preset, settings: given, form, end }: AnimateOptions): RenderSpec['settings'] {
  const info = preset === undefined ? own : withPreset(own, preset);
  const hasEnd = end !== undefined || (form.loop ?? own.loop) === 'seamless';
  const asked = hasEnd ? forTwoPictures(given) : given;
  try {
    if (hasEnd && given.sampler !== undefined) checkTwoPictures({ sampler: given.sampler });
    const { seed: _, ...settings } = resolveSettings(info, asked, () => 0);
    return { ...settings, ...asked };
  } catch (error) {
    throw error instanceof UserError ? usageError(`--${error.message}`, error) : error;
  }
}

/** The clip takes the picture's shape, as in Discord, where neither a shape nor a size was asked for. */
function formFor({ preset, settings, form }: AnimateOptions): AnimateOptions['form'] {
  const hasOneSize = preset !== undefined && presetsOfOneSize.has(preset);
  const isSizeChosen = hasOneSize || settings.width !== undefined || settings.height !== undefined;
  return form.shape !== undefined || isSizeChosen ? form : { ...form, shape: 'auto' };
}

/**
 * The style that is meant, with its hash.
 * @throws UserError wrong usage: there is no such style; what is wrong with those that are none is said
 */
async function withStyle(
  { style, ...form }: AnimateOptions['form'],
  { styleDir }: Pick<Config, 'styleDir'>,
): Promise<AnimateOptions['form']> {
  if (style === undefined) return form;
  const { styles, problems } = await listStyles(styleDir);
  try {
    return { ...form, style: styleId(findStyle(styles, style)) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const where = styleDir === undefined ? ' Set STYLE_DIR or --style-dir.' : '';
    const others = problems.map(({ file, reason }) => ` ${file} is none: ${reason}.`).join('');
    throw usageError(`--style: ${error.message}${where}${others}`, error);
  }
}

function rendererOptions(config: Config, pictures: PicturePolicy, io: CliIo): WorkerPoolOptions {
  const { modelDir, loras, styleDir, execution, ffmpegPath, modelIdleSeconds, stallSeconds, logLevel } = config;
  return {
    modelDir,
    loras,
    styleDir,
    execution,
    ffmpegPath,
    stallSeconds,
    // Writing a file costs nothing: who asks for it gets each preview.
    previewSeconds: 0,
    pictures,
    idleSeconds: modelIdleSeconds,
    environment: io.environment,
    log: createLog(logLevel, io.stderr),
  };
}

async function renderOnce(
  renderer: Renderer,
  spec: RenderSpec,
  { preview, io }: Pick<Batch, 'preview' | 'io'>,
): Promise<Clip> {
  const progress = createRenderProgress(io.stderr, Date.now);
  try {
    const onPreview = preview && { onPreview: preview.show };
    return await renderer.render(spec, { signal: io.signal, onProgress: progress.update, ...onPreview });
  } finally {
    progress.stop();
  }
}
