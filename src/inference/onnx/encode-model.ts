import { createMessageWriter, type MessageWriter } from './protobuf.ts';
import {
  type AttributeValue,
  channelsLastDomain,
  dataTypes,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValueInfo,
} from './types.ts';

/** ONNX IR version 10 with opset 21: what ONNX Runtime 1.30 and its GPU providers all read. */
const irVersion = 10;
const opsets = [
  { domain: '', version: 21, isAlways: true },
  { domain: 'com.microsoft', version: 1, isAlways: true },
  // Other programs than ONNX Runtime may refuse a model that names it.
  { domain: channelsLastDomain, version: 21, isAlways: false },
];

const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 } as const;
const externalDataLocation = 1;

/** Writes a graph as ONNX `ModelProto` bytes (field numbers: onnx/onnx.proto3). */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const model = createMessageWriter();
  model.int(1, irVersion);
  model.string(2, 'kinora');
  model.message(7, (out) => {
    for (const node of graph.nodes) out.message(1, (nested) => writeNode(nested, node));
    out.string(2, graph.name);
    for (const initializer of graph.initializers) out.message(5, (nested) => writeTensor(nested, initializer));
    for (const value of graph.inputs) out.message(11, (nested) => writeValueInfo(nested, value));
    for (const value of graph.outputs) out.message(12, (nested) => writeValueInfo(nested, value));
  });
  const used = new Set(graph.nodes.map(({ domain }) => domain));
  for (const opset of opsets.filter(({ domain, isAlways }) => isAlways || used.has(domain))) {
    model.message(8, (out) => {
      out.string(1, opset.domain);
      out.int(2, opset.version);
    });
  }
  return model.finish();
}

function writeNode(out: MessageWriter, node: OnnxNode): void {
  for (const input of node.inputs) out.string(1, input);
  for (const output of node.outputs) out.string(2, output);
  out.string(3, node.name);
  out.string(4, node.opType);
  for (const [name, value] of Object.entries(node.attributes)) {
    out.message(5, (nested) => writeAttribute(nested, name, value));
  }
  if (node.domain !== '') out.string(7, node.domain);
}

function writeAttribute(out: MessageWriter, name: string, value: AttributeValue): void {
  out.string(1, name);
  if (typeof value === 'number') {
    out.int(3, value);
    out.int(20, attributeTypes.int);
  } else if (typeof value === 'string') {
    out.string(4, value);
    out.int(20, attributeTypes.string);
  } else if ('float' in value) {
    out.float(2, value.float);
    out.int(20, attributeTypes.float);
  } else {
    for (const element of value) out.int(8, element);
    out.int(20, attributeTypes.ints);
  }
}

function writeTensor(out: MessageWriter, initializer: OnnxInitializer): void {
  for (const size of initializer.shape) out.int(1, size);
  out.int(2, dataTypes[initializer.dataType]);
  out.string(8, initializer.name);
  const { data } = initializer;
  if (data.kind === 'raw') {
    out.bytes(9, data.bytes);
    return;
  }
  const entries = { location: data.location, offset: String(data.offset), length: String(data.sizeBytes) };
  for (const [key, value] of Object.entries(entries)) {
    out.message(13, (nested) => {
      nested.string(1, key);
      nested.string(2, value);
    });
  }
  out.int(14, externalDataLocation);
}

function writeValueInfo(out: MessageWriter, value: OnnxValueInfo): void {
  out.string(1, value.name);
  out.message(2, (type) => {
    type.message(1, (tensor) => {
      tensor.int(1, dataTypes[value.dataType]);
      tensor.message(2, (shape) => {
        for (const size of value.shape) shape.message(1, (dimension) => dimension.int(1, size));
      });
    });
  });
}
