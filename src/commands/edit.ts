import { randomInt } from 'node:crypto';
import { ComponentType, type ModalSubmitInteraction, TextInputStyle } from 'discord.js';
import { buttonId } from '../bot/button-id.ts';
import type { Messages } from '../bot/languages/messages.ts';
import { UserError } from '../errors.ts';
import { clipForm } from '../settings/clip-form.ts';
import type { SettingValues } from '../settings/declaration.ts';
import { type FormField, type ShownSetting, shownSettings } from '../settings/discord-options.ts';
import { imageToVideo } from '../settings/image-to-video.ts';
import type { Job, JobSettings, ModelCapabilities } from '../storage/job.ts';
import { valueName } from './animate.ts';
import { type ChosenValues, seedCount, settingsFrom, valuesFrom } from './animate-options.ts';
import { type Change, remake, renewed } from './clip-buttons.ts';
import type { ButtonAction, FormAction } from './command.ts';
import { messagesFor } from './i18n.ts';

const settingFields = shownSettings(imageToVideo).filter(({ discord }) => discord.isInForm);
const formFields = shownSettings(clipForm).filter(({ discord }) => discord.isInForm);

/** ✏️: opens a form with the clip's settings filled in. */
export const editButton = {
  action: 'edit',
  async execute(interaction, jobId, { jobs, model, guildSettings }) {
    const job = await jobs.find(jobId);
    if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
    await interaction.showModal(formFor(job, model, await messagesFor(interaction, guildSettings)));
  },
} satisfies ButtonAction;

/** The form's answer: another clip, with what was changed. */
export const editForm = {
  action: 'edit',
  execute: (interaction, jobId, context) =>
    remake(interaction, { action: 'edit', jobId, change: (job) => readForm(interaction, job, context.model) }, context),
} satisfies FormAction;

function formFor(job: Job, model: ModelCapabilities, messages: Messages) {
  const values: SettingValues = { ...model.defaults, ...job.settings, ...job.form };
  return {
    custom_id: buttonId({ action: 'edit', jobId: job.id }),
    title: messages.clip.edit.title,
    components: [...settingFields, ...formFields].map((field) => ({
      type: ComponentType.Label as const,
      label: messages.clip.edit[field.name as FormField],
      component:
        field.type.kind === 'name'
          ? menu(field.name, field.type.names, { chosen: values[field.setting], messages })
          : textInput(field, values[field.setting]),
    })),
  };
}

function textInput({ name, type }: ShownSetting, value: unknown) {
  return {
    type: ComponentType.TextInput as const,
    custom_id: name,
    style: TextInputStyle.Short,
    max_length: 20,
    required: type.kind !== 'seed',
    ...(value !== undefined && { value: String(value) }),
  };
}

function menu(
  name: string,
  names: readonly string[],
  { chosen = names[0], messages }: { chosen: unknown; messages: Messages },
) {
  return {
    type: ComponentType.StringSelect as const,
    custom_id: name,
    options: names.map((value) => ({ label: valueName(name, value, messages), value, default: value === chosen })),
  };
}

/** @throws UserError `number-needed`, `option-range` */
function readForm(interaction: ModalSubmitInteraction, job: Job, model: ModelCapabilities): Change {
  const typed = settingsFrom(readFields(interaction, settingFields), model);
  const settings: JobSettings = { ...job.settings, ...typed, seed: typed.seed ?? randomInt(seedCount) };
  const changed = valuesFrom(clipForm, readFields(interaction, formFields), model);
  const form = { ...job.form, ...changed };
  const [now, before]: SettingValues[] = [settings, { ...model.defaults, ...job.settings }];
  // Its frames have to be made for it.
  const becomesSeamless = form.loop === 'seamless' && job.form?.loop !== 'seamless';
  const isRenderedAnew = becomesSeamless || settingFields.some(({ setting }) => now?.[setting] !== before?.[setting]);
  return isRenderedAnew ? { ...renewed(job), settings, form } : { id: job.id, use: 'reencode', form };
}

/** What the form says, by the fields' names. */
function readFields({ fields }: ModalSubmitInteraction, shown: readonly ShownSetting[]): ChosenValues {
  return Object.fromEntries(
    shown.map(({ name, type }) => [
      name,
      type.kind === 'name'
        ? (fields.getStringSelectValues(name)[0] ?? null)
        : readNumber(name, type, fields.getTextInputValue(name)),
    ]),
  );
}

/** Null for an empty field. */
function readNumber(option: string, type: ShownSetting['type'], text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  // A seed may have more digits than a number holds exactly: its kind knows how to read it.
  const reading = type.read(trimmed);
  if (!/^[+-]?\d+$/.test(trimmed) || !('value' in reading)) {
    throw new UserError('number-needed', `${option} must be a number.`, { details: { option } });
  }
  return Number(reading.value);
}
