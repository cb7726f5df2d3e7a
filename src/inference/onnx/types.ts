/** Element types, with ONNX's own numbers (onnx.proto3 `TensorProto.DataType`). */
export const dataTypes = {
  float32: 1,
  int32: 6,
  int64: 7,
  float16: 10,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e5m2: 19,
} as const;

/**
 * ONNX Runtime's own domain of operators whose first input and output lie [n, h, w, c], while weights stay as ONNX has them.
 * It is meant for graphs that ONNX Runtime rewrites itself (`prefer_nhwc` of its CUDA provider) and may change with its version.
 */
export const channelsLastDomain = 'com.ms.internal.nhwc';

/** An element type that Kinora's graphs use. */
export type DataType = keyof typeof dataTypes;

/** An attribute of a node. Numbers that must be written as floats are wrapped: `{ float: 1 }`. */
export type AttributeValue = number | { float: number } | string | readonly number[];

/** One operator call. An empty string among `inputs` leaves that optional input out. */
export interface OnnxNode {
  name: string;
  opType: string;
  /** '' is ai.onnx. */
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, AttributeValue>>;
}

/** A constant: bytes inside the model, or a range of a file beside it. */
export interface OnnxInitializer {
  name: string;
  dataType: DataType;
  shape: readonly number[];
  data: { kind: 'raw'; bytes: Uint8Array } | { kind: 'external'; location: string; offset: number; sizeBytes: number };
}

/** An input or output of the graph; all shapes are static. */
export interface OnnxValueInfo {
  name: string;
  dataType: DataType;
  shape: readonly number[];
}

/** A whole graph, ready to be written. Nodes stand in topological order. */
export interface OnnxGraph {
  name: string;
  nodes: readonly OnnxNode[];
  initializers: readonly OnnxInitializer[];
  inputs: readonly OnnxValueInfo[];
  outputs: readonly OnnxValueInfo[];
}
