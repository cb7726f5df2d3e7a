import type { Precision } from '../../src/inference/graph/graph-builder.ts';

/**
 * The operators of Kinora's graphs that each provider has a kernel for, by precision. What a provider lacks would run
 * on the CPU, with a copy there and back at every such node.
 *
 * Sources, for ONNX Runtime 1.30: CPU and CUDA, the types in its `docs/OperatorKernels.md`; WebGPU, the kernels that
 * `core/providers/webgpu/webgpu_execution_provider.cc` and `contrib_ops/webgpu` register, and test/worker/webgpu.test.ts,
 * which runs networks with the way back to the CPU barred.
 */
const elementWise = ['Add', 'Sub', 'Mul', 'Sigmoid', 'Tanh', 'Relu', 'Gelu', 'QuickGelu'];
const moving = ['Cast', 'Concat', 'Expand', 'Identity', 'Reshape', 'Resize', 'Slice', 'Transpose'];
const products = ['Conv', 'Gemm', 'MatMul', 'Softmax', 'InstanceNormalization', 'LayerNormalization'];
const phases = ['Cos', 'Sin'];
/** Operators of com.microsoft. */
const ofCuda = ['MultiHeadAttention', 'GroupNorm', 'BiasSplitGelu'];
const everything = [...elementWise, ...moving, ...products, ...phases];

/** See above; a pair that is not here is one that Kinora does not offer. */
export const providerKernels: Readonly<Record<string, ReadonlySet<string>>> = {
  'cpu float32': new Set([...everything, 'MultiHeadAttention', 'DepthToSpace', 'Split']),
  'cuda float32': new Set([...everything, ...ofCuda]),
  'cuda float16': new Set([...everything, ...ofCuda]),
  // Its MultiHeadAttention is there, but was measured 3e-3 off the CPU's: Kinora must not use it.
  'webgpu float32': new Set(everything),
  'webgpu float16': new Set(everything),
} satisfies Partial<Record<`${'cpu' | 'cuda' | 'webgpu'} ${Precision}`, ReadonlySet<string>>>;
