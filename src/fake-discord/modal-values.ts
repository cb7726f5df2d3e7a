import { AppError } from '../errors.ts';
import { fitsFileTypes, storeFile } from './attachments.ts';
import { componentType } from './component-rules.ts';
import type { ApiComponent, JsonObject } from './payloads.ts';
import type { Modal, SubmitModalRequest } from './types.ts';
import type { World } from './world.ts';

/**
 * The `data` of a modal's submission: the modal's components with what was filled in.
 * @throws AppError `invalid-option` for values the client would not let a person send.
 */
export function readModalValues(world: World, modal: Modal, filled: SubmitModalRequest): JsonObject {
  const unused = new Set([...Object.keys(filled.values), ...Object.keys(filled.attachments ?? {})]);
  const uploads: JsonObject = {};

  const fill = (component: ApiComponent): JsonObject => {
    const { type, id } = component;
    if (component.components) return { type, id, components: component.components.map(fill) };
    if (component.component) return { type, id, component: fill(component.component) };
    if (type === componentType.textDisplay) return { type, id };
    const customId = component.custom_id ?? '';
    unused.delete(customId);
    const common = { type, id, custom_id: customId };
    if (type === componentType.fileUpload) {
      const file = filled.attachments?.[customId];
      if (!file && component.required !== false) throw invalid(customId, 'needs a file');
      if (!file) return { ...common, values: [] };
      const types = component.file_types as string[] | undefined;
      if (!fitsFileTypes(file.name, types)) throw invalid(customId, `takes only ${types?.join(', ')}`);
      const attachment = storeFile(world, file, { holderId: world.applicationId, ephemeral: true });
      uploads[attachment.id] = attachment;
      return { ...common, values: [attachment.id] };
    }
    const value = filled.values[customId] ?? (typeof component.value === 'string' ? component.value : '');
    if (type === componentType.select) return { ...common, values: checkChosen(component, [value].flat() as string[]) };
    return { ...common, value: checkText(component, String(value)) };
  };

  const components = modal.components.map(fill);
  if (unused.size > 0) throw invalid([...unused].join(', '), 'is not in the modal');
  const resolved = Object.keys(uploads).length > 0 ? { resolved: { attachments: uploads } } : {};
  return { custom_id: modal.custom_id, components, ...resolved };
}

/**
 * The values of a menu, if a person could have chosen them.
 * @throws AppError `invalid-option`.
 */
export function checkChosen(menu: ApiComponent, values: readonly string[]): string[] {
  const name = menu.custom_id ?? 'menu';
  const options = (menu.options as { value: string }[] | undefined) ?? [];
  for (const value of values) {
    if (!options.some((option) => option.value === value)) throw invalid(name, `has no option ${value}`);
  }
  const [min, max] = [Number(menu.min_values ?? 1), Number(menu.max_values ?? 1)];
  if (values.length < min || values.length > max) throw invalid(name, `takes ${min} to ${max} values`);
  return [...values];
}

function checkText(input: ApiComponent, value: string): string {
  const name = input.custom_id ?? 'text';
  if (value === '' && input.required !== false) throw invalid(name, 'is required');
  const [min, max] = [Number(input.min_length ?? 0), Number(input.max_length ?? 4000)];
  if (value !== '' && (value.length < min || value.length > max))
    throw invalid(name, `must have ${min} to ${max} characters`);
  return value;
}

function invalid(name: string, what: string): AppError {
  return new AppError('invalid-option', `Field ${name} ${what}.`);
}
