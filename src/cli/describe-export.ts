import type { GraphTarget } from '../inference/graph/graph-builder.ts';
import { channelsLastDomain } from '../inference/onnx/types.ts';
import type { ExportedNetwork } from '../inference/pipeline/export-networks.ts';
import type { ModelConfigs } from '../inference/pipeline/load-model.ts';
import type { ImageToVideoSettings } from '../inference/pipeline/types.ts';

/** What each network does, by its file. */
const purposes: Readonly<Record<string, string>> = {
  'image_encoder/model.onnx':
    'CLIP. `pixel_values`: the picture as diffusers prepares it for the image encoder. Its output is the embedding that `unet/conditioning.onnx` takes.',
  'vae/encoder.onnx':
    "The VAE's encoder. `sample`: the picture in -1 to 1. The output is the mode of the latents, which conditions the UNet as it is (without the VAE's `scaling_factor`).",
  'unet/conditioning.onnx':
    'All of the UNet that depends on the picture and the settings alone: run once for a clip. `encoder_hidden_states`: the embedding (zeros without condition); `added_time_ids`: fps − 1, motion bucket, noise augmentation. Its outputs are inputs of `unet/step.onnx` under the same names.',
  'unet/step.onnx':
    'One denoising step. `sample`: for each frame the scaled noisy latents and then the latents of the picture (zeros without condition), by channel; frames of a clip lie one after another. `timestep`: 0.25 · ln σ for each clip of the batch. `out_sample` is the v-prediction.',
  'vae/decoder.onnx':
    "The temporal decoder. `z`: the latents of one chunk of frames, divided by the VAE's `scaling_factor`. The output is the frames in -1 to 1.",
};

/** The page beside exported networks (ONNX.md): what was exported, and each network's inputs and outputs. */
export function describeExport(
  networks: readonly ExportedNetwork[],
  {
    configs,
    settings,
    target,
  }: { configs: ModelConfigs; settings: Omit<ImageToVideoSettings, 'seed'>; target: GraphTarget },
): string {
  const { width, height, numFrames, minGuidanceScale, maxGuidanceScale } = settings;
  const step = networks.find(({ path }) => path === 'unet/step.onnx');
  const batch = step?.inputs.find(({ name }) => name === 'timestep')?.shape[0] ?? 1;
  const isGuided = Math.max(minGuidanceScale, maxGuidanceScale) > 1;
  const guidance = !isGuided
    ? 'without guidance'
    : batch === 2
      ? 'with guidance: the batch is without condition, then with it'
      : 'with guidance: two calls of the UNet a step, without condition and with it';
  const needs = target.provider === 'cpu' ? 'ONNX Runtime' : `ONNX Runtime with the provider ${target.provider}`;
  const domains = target.channelsLast
    ? `opset 21, com.microsoft 1 and, of ONNX Runtime 1.30's own, ${channelsLastDomain} 21`
    : 'opset 21 and com.microsoft 1';
  return `# ${configs.name} as ONNX

Written by \`kinora export onnx\`: ${numFrames} frames of ${width}×${height}, ${guidance}; computed in ${target.precision},
with the operators of the provider ${target.provider} (${domains}: they run in ${needs}). All inputs and
outputs are float32, row-major, in the shapes below; other sizes need another export.

    import numpy, onnxruntime
    session = onnxruntime.InferenceSession("unet/step.onnx")
    outputs = session.run(None, {value.name: numpy.zeros(value.shape, "float32") for value in session.get_inputs()})

${networks.map(describeNetwork).join('\n')}`;
}

function describeNetwork({ path, inputs, outputs }: ExportedNetwork): string {
  const rows = [
    ...inputs.map(({ name, shape }) => `| input | \`${name}\` | ${shape.join(' × ')} |`),
    ...outputs.map(({ name, shape }) => `| output | \`${name}\` | ${shape.join(' × ')} |`),
  ];
  return `## ${path}\n\n${purposes[path] ?? ''}\n\n| | name | shape |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}
