import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { encodeModel } from '../../src/inference/onnx/encode-model.ts';
import type { OnnxNode } from '../../src/inference/onnx/types.ts';

/** Small networks that draw a picture in a way that a test can reckon. */
const networks = {
  /** `one` − value: with a range of 0 to 1 the negative. */
  negative: [node('Sub', ['one', 'picture'], 'drawn')],
  same: [node('Identity', ['picture'], 'drawn')],
  /** 0 / 0. */
  broken: [node('Sub', ['picture', 'picture'], 'none'), node('Div', ['none', 'none'], 'drawn')],
  /** Half as wide and tall. */
  halved: [node('AveragePool', ['picture'], 'drawn', { kernel_shape: [2, 2], strides: [2, 2] })],
  /** The first plane alone. */
  grey: [node('ReduceMean', ['picture', 'axes'], 'drawn')],
} as const satisfies Record<string, readonly OnnxNode[]>;

function node(opType: string, inputs: string[], output: string, attributes: OnnxNode['attributes'] = {}): OnnxNode {
  return { name: `${opType} ${output}`, opType, domain: '', inputs, outputs: [output], attributes };
}

/** A network that takes pictures of a size, or of any. */
interface StyleFile {
  network: keyof typeof networks;
  size?: { width: number; height: number };
  /** Beside it; a text is written as it is, undefined means no file. */
  json?: object | string | undefined;
}

/** ONNX has negative sides for those that are not known. */
const any = { width: -1, height: -1 };

/** A STYLE_DIR with these networks, by their files' names; gone after the test. */
export function styleFolder(files: Readonly<Record<string, StyleFile>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'kinora-styles-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, file] of Object.entries(files)) writeStyle(folder, name, file);
  return folder;
}

/** Puts a network there, in the place of one of that name. */
export function writeStyle(folder: string, name: string, file: StyleFile): void {
  const { network, size = any, json = {} } = file;
  const shape = [1, 3, size.height, size.width];
  const [data, axes] = [new Float32Array([1]), new BigInt64Array([1n])];
  const bytes = (values: ArrayBufferView) => new Uint8Array(values.buffer as ArrayBuffer);
  const model = encodeModel({
    name,
    nodes: [...networks[network]],
    initializers: [
      { name: 'one', dataType: 'float32', shape: [1], data: { kind: 'raw', bytes: bytes(data) } },
      { name: 'axes', dataType: 'int64', shape: [1], data: { kind: 'raw', bytes: bytes(axes) } },
    ],
    inputs: [{ name: 'picture', dataType: 'float32', shape }],
    outputs: [{ name: 'drawn', dataType: 'float32', shape: [1, -1, -1, -1] }],
  });
  writeFileSync(join(folder, `${name}.onnx`), model);
  if ('json' in file && file.json === undefined) return;
  writeFileSync(join(folder, `${name}.json`), typeof json === 'string' ? json : JSON.stringify(json));
}
