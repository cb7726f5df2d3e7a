import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import type { FramedPicture } from '../../util/rgb.ts';
import { readConfig } from '../models/parse-config.ts';
import { clipPreprocess } from './clip-preprocess.ts';
import { requireFinite } from './guard-networks.ts';

/** Looks at pictures for what not everybody may see. */
export interface SafetyCheck {
  /** The probability, 0 to 1, that a picture shows it. */
  rate(picture: FramedPicture): Promise<number>;
}

const side = z.number().int().positive().max(4096);
const perChannel = z.tuple([z.number(), z.number(), z.number()]).default([0.5, 0.5, 0.5]);

/** config.json of a classifier, as transformers writes it. */
const classifierSchema = z.object({ id2label: z.record(z.string().regex(/^\d+$/), z.string()) });

/** preprocessor_config.json, as transformers writes it. */
const preprocessorSchema = z.object({
  size: z.union([
    side,
    z.object({ height: side, width: side }).transform(({ height }) => height),
    z.object({ shortest_edge: side }).transform(({ shortest_edge }) => shortest_edge),
  ]),
  image_mean: perChannel,
  image_std: perChannel,
});

/** Labels of the classifiers that people use, in whatever spelling. */
const unsafeLabel = /nsfw|porn|hentai|sexy|explicit|unsafe|nud(e|ity)/i;

/**
 * What a classifier's folder says of itself: a network exported by transformers.js' or optimum's converters.
 *
 * @throws ConfigError a file is missing or does not fit, or no label is known to mean "not for everybody"
 */
export async function readSafetyConfig(modelDir: string) {
  const [{ id2label }, preprocessor] = await Promise.all([
    readConfig(join(modelDir, 'config.json'), classifierSchema),
    readConfig(join(modelDir, 'preprocessor_config.json'), preprocessorSchema),
  ]);
  const unsafe = Object.keys(id2label).filter((index) => unsafeLabel.test(id2label[index]!));
  if (unsafe.length === 0) {
    const labels = Object.values(id2label).join(', ');
    throw new ConfigError('classifier-labels', `${modelDir} has no label such as "nsfw"; there are: ${labels}.`);
  }
  const { size: imageSize, image_mean: mean, image_std: std } = preprocessor;
  return {
    file: await firstPresent([join(modelDir, 'model.onnx'), join(modelDir, 'onnx', 'model.onnx')]),
    labelCount: Object.keys(id2label).length,
    unsafe: unsafe.map(Number),
    preprocess: { imageSize, mean, std },
  };
}

/**
 * A check by an image classifier in ONNX, e.g. a ViT fine-tuned for the purpose. It sees the whole picture, made square.
 *
 * @param threads of ONNX Runtime; default: one per core
 * @throws ConfigError as {@link readSafetyConfig}, or the network does not fit it
 */
export async function openSafetyCheck(modelDir: string, { threads }: { threads?: number } = {}): Promise<SafetyCheck> {
  const { file, labelCount, unsafe, preprocess } = await readSafetyConfig(modelDir);
  // Loaded here: whoever reads the config alone, as the bot does, never runs a network.
  const { openClassifier } = await import('../runtime/open-classifier.ts');
  const classifier = await openClassifier(file, { imageSize: preprocess.imageSize, threads });
  return {
    async rate(picture) {
      const logits = await classifier.run(clipPreprocess(picture, preprocess));
      if (logits.length !== labelCount) {
        throw new ConfigError('classifier-labels', `${file} gives ${logits.length} numbers for ${labelCount} labels.`);
      }
      requireFinite(logits, `The safety check ${file}`);
      const most = Math.max(...logits);
      const weights = Array.from(logits, (logit) => Math.exp(logit - most));
      const sum = weights.reduce((a, b) => a + b);
      return unsafe.reduce((rating, index) => rating + (weights[index] ?? 0), 0) / sum;
    },
  };
}

async function firstPresent(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new ConfigError('classifier-missing', `None of these is there: ${paths.join(', ')}.`);
}
