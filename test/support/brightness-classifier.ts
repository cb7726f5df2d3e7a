import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodeModel } from '../../src/inference/onnx/encode-model.ts';
import { tempFolder } from './temp-folder.ts';

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

const node = (opType: string, inputs: string[], output: string) => ({
  name: output,
  opType,
  domain: '',
  inputs,
  outputs: [output],
  attributes: {},
});

/**
 * A classifier's folder whose network takes bright pictures for unsafe: the mean of all pixels (normalised to −1 … 1)
 * times `scale` is the score of the label "nsfw", and 0 that of "normal". At 4, white rates 0.98, black 0.02.
 * Each of the `delays` makes a look take some 5 ms longer.
 */
export function brightnessClassifier({
  labels = ['normal', 'nsfw'],
  at = 'model.onnx',
  folder = tempFolder(),
  scale = 4,
  delays = 0,
} = {}): string {
  /** Computes on three million numbers that come of the picture, and gives a zero. */
  const delay = [
    node('Expand', ['flat', 'many'], 'delay0'),
    ...Array.from({ length: delays }, (_, at) => node('Tanh', [`delay${at}`], `delay${at + 1}`)),
    node('ReduceMax', [`delay${delays}`], 'most'),
    node('Mul', ['most', 'zero'], 'nothing'),
    node('Add', ['scores', 'nothing'], 'logits'),
  ];
  const model = encodeModel({
    name: 'brightness',
    nodes: [
      node('GlobalAveragePool', ['pixel_values'], 'means'), // [1, 3, 1, 1]
      node('Flatten', ['means'], 'flat'),
      node('MatMul', ['flat', 'weights'], delays === 0 ? 'logits' : 'scores'),
      ...(delays === 0 ? [] : delay),
    ],
    initializers: [
      {
        name: 'weights',
        dataType: 'float32',
        shape: [3, 2],
        data: { kind: 'raw', bytes: floats(0, scale / 3, 0, scale / 3, 0, scale / 3) },
      },
      ...(delays === 0
        ? []
        : [
            {
              name: 'zero',
              dataType: 'float32' as const,
              shape: [1],
              data: { kind: 'raw' as const, bytes: floats(0) },
            },
            {
              name: 'many',
              dataType: 'int64' as const,
              shape: [2],
              data: { kind: 'raw' as const, bytes: new Uint8Array(BigInt64Array.of(1_000_000n, 3n).buffer) },
            },
          ]),
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
