/** What a file's names say of the model that it is for. */
const models: readonly [RegExp, string][] = [
  [/^(lora_te\d?_|text_encoder)/, 'a model that makes pictures of text (it changes a text encoder, and there is none)'],
  [/double_blocks|single_blocks|single_transformer_blocks/, 'Flux'],
  [/joint_blocks/, 'Stable Diffusion 3'],
  [/motion_modules/, 'AnimateDiff'],
  [/^(lora_unet_)?(diffusion_model\.)?blocks[._]\d+/, 'a transformer that makes videos (Wan, say)'],
];

/** Kinds of adapters that are no plain LoRA, by the tensors that only they have. */
const otherKinds: readonly [RegExp, string][] = [
  [/\.hada_w\d/, 'LoHa'],
  [/\.lokr_w\d|\.lokr_t\d/, 'LoKr'],
  [/\.lora_mid\./, 'LoCon with a third matrix (Tucker)'],
  [/lora_magnitude_vector|\.dora_scale$/, 'DoRA'],
  [/\.lora_B\.bias$/, 'LoRA with biases'],
  [/\.diff(_b)?$|\.(a1|b1)\.weight$/, 'difference of weights'],
];

/**
 * Why a LoRA cannot be taken, by the tensors that have no place in this UNet; undefined where there are none.
 * @param all how many tensors the file has
 */
export function explainForeignLora(unknown: readonly string[], all: number): string | undefined {
  const [first] = unknown;
  if (first === undefined) return undefined;
  const kind = otherKinds.find(([tensors]) => unknown.some((name) => tensors.test(name)));
  if (kind !== undefined) return `this is a ${kind[1]}, which is not supported; only plain LoRAs are.`;
  const model = models.find(([names]) => unknown.some((name) => names.test(name)));
  const whose = model === undefined ? 'another model' : model[1];
  const shown = unknown.slice(0, 3).join(', ');
  return `this is a LoRA for ${whose}: ${unknown.length} of its ${all} tensors have no place in this UNet, ${shown} among them.`;
}
