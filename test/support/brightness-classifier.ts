import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodeModel } from '../../src/inference/onnx/encode-model.ts';
import { tempFolder } from './temp-folder.ts';

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

/**
 * A classifier's folder whose network takes bright pictures for unsafe: the mean of all pixels (normalised to −1 … 1)
 * times `scale` is the score of the label "nsfw", and 0 that of "normal". At 4, white rates 0.98, black 0.02.
 */
export function brightnessClassifier({
  labels = ['normal', 'nsfw'],
  at = 'model.onnx',
  folder = tempFolder(),
  scale = 4,
} = {}): string {
  const model = encodeModel({
    name: 'brightness',
    nodes: [
      {
        name: 'mean',
        opType: 'GlobalAveragePool',
        domain: '',
        inputs: ['pixel_values'],
        outputs: ['means'], // [1, 3, 1, 1]
        attributes: {},
      },
      { name: 'flat', opType: 'Flatten', domain: '', inputs: ['means'], outputs: ['flat'], attributes: {} },
      {
        name: 'score',
        opType: 'MatMul',
        domain: '',
        inputs: ['flat', 'weights'],
        outputs: ['logits'],
        attributes: {},
      },
    ],
    initializers: [
      {
        name: 'weights',
        dataType: 'float32',
        shape: [3, 2],
        data: { kind: 'raw', bytes: floats(0, scale / 3, 0, scale / 3, 0, scale / 3) },
      },
    ],
    inputs: [{ name: 'pixel_values', dataType: 'float32', shape: [1, 3, 16, 16] }],
    outputs: [{ name: 'logits', dataType: 'float32', shape: [1, 2] }],
  });
  const write = (name: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  write(at, model);
  write('config.json', JSON.stringify({ id2label: Object.fromEntries(labels.entries()) }));
  write('preprocessor_config.json', JSON.stringify({ size: { height: 16, width: 16 } }));
  return folder;
}
