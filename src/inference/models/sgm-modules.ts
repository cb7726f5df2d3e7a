import type { TensorEntry } from '../safetensors/read-safetensors.ts';

/** Names inside a module, in generative-models and in diffusers; of several that fit, the longest counts. */
export type NamesInside = Readonly<Record<string, string>>;

/** A module of generative-models: where it stands in diffusers, and how what is in it is called there. */
export interface SgmModule {
  /** The module's path in diffusers. */
  path: string;
  /** Left out: names stay as they are. */
  inside?: NamesInside;
}

/** Modules by their path in generative-models, from the network's own root. */
export type SgmModules = ReadonlyMap<string, SgmModule>;

/**
 * What a tensor of generative-models is called in diffusers.
 * @returns undefined where it belongs to none of the modules, or to none of the parts that they are known to have
 */
export function diffusersName(name: string, modules: SgmModules): string | undefined {
  const parts = name.split('.');
  for (let length = parts.length - 1; length > 0; length--) {
    const module = modules.get(parts.slice(0, length).join('.'));
    if (module === undefined) continue;
    const rest = parts.slice(length);
    const inside = module.inside === undefined ? rest.join('.') : renamed(rest, module.inside);
    return inside === undefined ? undefined : `${module.path}.${inside}`;
  }
  return undefined;
}

function renamed(parts: readonly string[], names: NamesInside): string | undefined {
  for (let length = parts.length; length > 0; length--) {
    const name = names[parts.slice(0, length).join('.')];
    if (name !== undefined) return [name, ...parts.slice(length)].join('.');
  }
  return undefined;
}

/** The tensors of a network by their names below its root. */
export type TensorsByName = ReadonlyMap<string, TensorEntry>;

/** The size of one axis of a tensor; 0 where there is no such tensor or axis. */
export function sizeOf(tensors: TensorsByName, name: string, axis = 0): number {
  return tensors.get(name)?.shape[axis] ?? 0;
}

/** How many of `nameOf(0)`, `nameOf(1)`, … are there in a row. */
export function countOf(tensors: TensorsByName, nameOf: (index: number) => string): number {
  let count = 0;
  while (tensors.has(nameOf(count))) count++;
  return count;
}
