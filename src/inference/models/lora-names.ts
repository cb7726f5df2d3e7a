import type { SgmModules } from './sgm-modules.ts';

/** What a tensor of a LoRA file is. */
export interface LoraTensorName {
  /** The module as the file names it. */
  module: string;
  part: 'up' | 'down' | 'alpha';
}

/** Endings of PEFT's, diffusers' and kohya's names, and what stands before them. */
const endings: readonly [RegExp, LoraTensorName['part']][] = [
  [/^(.+)\.lora_A(?:\.[\w-]+)?\.weight$/, 'down'],
  [/^(.+)\.lora_B(?:\.[\w-]+)?\.weight$/, 'up'],
  [/^(.+)\.lora_down\.weight$/, 'down'],
  [/^(.+)\.lora_up\.weight$/, 'up'],
  [/^(.+)\.lora\.down\.weight$/, 'down'],
  [/^(.+)\.lora\.up\.weight$/, 'up'],
  [/^(.+)\.alpha$/, 'alpha'],
];

/** Older diffusers keeps the factors of a projection in its attention's processor. */
const processor = /^(.+)\.processor\.(to_q|to_k|to_v|to_out)_lora\.(up|down)\.weight$/;

/**
 * Takes a LoRA tensor's name apart: PEFT's (`lora_A`, `lora_B`), diffusers' (`lora.down`, `lora.up`, `processor.…_lora`) and
 * kohya's (`lora_down`, `lora_up`, `alpha`).
 * @returns undefined where the name is of none of these forms
 */
export function readLoraName(name: string): LoraTensorName | undefined {
  const [, attention, projection, part] = processor.exec(name) ?? [];
  if (attention !== undefined && projection !== undefined) {
    const module = `${attention}.${projection === 'to_out' ? 'to_out.0' : projection}`;
    return { module, part: part === 'up' ? 'up' : 'down' };
  }
  for (const [pattern, kind] of endings) {
    const [, module] = pattern.exec(name) ?? [];
    if (module !== undefined) return { module, part: kind };
  }
  return undefined;
}

/** What may stand before a module of the UNet, the longer ones first. */
const prefixes = [
  'base_model.model.unet.',
  'base_model.model.',
  'model.diffusion_model.',
  'diffusion_model.',
  'unet.',
  'lora_unet_',
  '',
];

/**
 * Finds modules of a UNet by the names that LoRA files have for them: diffusers' and generative-models', with dots or with
 * underscores in their place.
 * @param keys of the UNet's weights, in diffusers' naming
 */
export function loraModuleFinder(keys: Iterable<string>, modules: SgmModules): (module: string) => string | undefined {
  const known = new Map<string, string>();
  for (const key of keys) {
    if (!key.endsWith('.weight')) continue;
    const path = key.slice(0, -'.weight'.length);
    for (const name of [path, sgmName(path, modules)]) {
      if (name === undefined) continue;
      known.set(name, key);
      known.set(name.replaceAll('.', '_'), key);
    }
  }
  return (module) => {
    for (const prefix of prefixes) {
      const key = module.startsWith(prefix) ? known.get(module.slice(prefix.length)) : undefined;
      if (key !== undefined) return key;
    }
    return undefined;
  };
}

/** What generative-models calls a module of diffusers' UNet; undefined where it has none. */
function sgmName(path: string, modules: SgmModules): string | undefined {
  for (const [name, module] of modules) {
    if (path === module.path) return name;
    if (!path.startsWith(`${module.path}.`)) continue;
    const rest = path.slice(module.path.length + 1);
    for (const [theirs, ours] of Object.entries(module.inside ?? {})) {
      if (rest === ours || rest.startsWith(`${ours}.`)) return `${name}.${theirs}${rest.slice(ours.length)}`;
    }
  }
  return undefined;
}
