import { randomInt } from 'node:crypto';
import { ComponentType, type ModalSubmitInteraction, TextInputStyle } from 'discord.js';
import { buttonId } from '../bot/button-id.ts';
import type { ClipMessages } from '../bot/languages/clip-messages.ts';
import type { Messages } from '../bot/languages/messages.ts';
import { UserError } from '../errors.ts';
import { type Job, type JobSettings, loopNames, type ModelCapabilities } from '../storage/job.ts';
import { torchSeed } from '../util/torch-seed.ts';
import { type NumberOption, seedCount, settingsFrom } from './animate-options.ts';
import { type Change, remake, renewed } from './clip-buttons.ts';
import type { ButtonAction, FormAction } from './command.ts';
import { messagesFor } from './i18n.ts';

/** The numbers of the form; with the loop, a form's five fields are full. */
const numberFields = ['motion', 'seed', 'steps', 'fps'] as const satisfies readonly NumberOption[];

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
    remake(interaction, { jobId, change: (job) => readForm(interaction, job, context.model) }, context),
} satisfies FormAction;

function formFor(job: Job, model: ModelCapabilities, { clip, animate }: Messages) {
  const { motionBucketId, seed, numInferenceSteps, fps } = { ...model.defaults, ...job.settings };
  const values = { motion: motionBucketId, seed, steps: numInferenceSteps, fps };
  const chosen = job.form?.loop ?? 'none';
  return {
    custom_id: buttonId({ action: 'edit', jobId: job.id }),
    title: clip.edit.title,
    components: [
      ...numberFields.map((name) => ({
        type: ComponentType.Label as const,
        label: clip.edit[name],
        component: textInput(name, values[name]),
      })),
      { type: ComponentType.Label as const, label: clip.edit.loop, component: loopMenu(chosen, animate.choices.loop) },
    ],
  };
}

function textInput(name: keyof ClipMessages['edit'], value: number | undefined) {
  return {
    type: ComponentType.TextInput as const,
    custom_id: name,
    style: TextInputStyle.Short,
    max_length: 20,
    required: name !== 'seed',
    ...(value !== undefined && { value: String(value) }),
  };
}

function loopMenu(chosen: string, labels: Messages['animate']['choices']['loop']) {
  return {
    type: ComponentType.StringSelect as const,
    custom_id: 'loop',
    options: loopNames.map((value) => ({ label: labels[value], value, default: value === chosen })),
  };
}

/** @throws UserError `number-needed`, `option-range` */
function readForm({ fields }: ModalSubmitInteraction, job: Job, model: ModelCapabilities): Change {
  const numbers = Object.fromEntries(
    numberFields.map((name) => [name, readNumber(name, fields.getTextInputValue(name))]),
  );
  const typed = settingsFrom(numbers, model);
  const settings: JobSettings = { ...job.settings, ...typed, seed: typed.seed ?? randomInt(seedCount) };
  const [loop = 'none'] = fields.getStringSelectValues('loop');
  const form = { ...job.form, loop: loopNames.find((name) => name === loop) ?? 'none' };
  const isRenderedAnew = numberFields.some((name) => differs(name, settings, { ...model.defaults, ...job.settings }));
  return isRenderedAnew ? { ...renewed(job), settings, form } : { id: job.id, use: 'reencode', form };
}

const settingOf = {
  motion: 'motionBucketId',
  seed: 'seed',
  steps: 'numInferenceSteps',
  fps: 'fps',
} as const satisfies Record<(typeof numberFields)[number], keyof JobSettings>;

function differs(name: keyof typeof settingOf, now: JobSettings, before: JobSettings): boolean {
  return now[settingOf[name]] !== before[settingOf[name]];
}

/** Null for an empty field. */
function readNumber(option: string, text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  // A seed may have more digits than a number holds exactly.
  const value = option === 'seed' ? torchSeed(trimmed) : Number(trimmed);
  if (value === undefined || !/^[+-]?\d+$/.test(trimmed)) {
    throw new UserError('number-needed', `${option} must be a number.`, { details: { option } });
  }
  return value;
}
