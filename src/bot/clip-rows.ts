import { type APIActionRowComponent, type APIButtonComponent, ButtonStyle, ComponentType } from 'discord.js';
import type { Clip } from '../queue/job-listener.ts';
import type { Job } from '../storage/job.ts';
import { buttonId } from './button-id.ts';
import { type ClipAction, clipActions } from './languages/clip-messages.ts';
import type { Messages } from './languages/messages.ts';

/** The first word of the custom id of the button that asks for a seamless loop. */
export const seamlessAction = 'loop-seamless';

/** Discord takes five in a row. */
const buttonsPerRow = 5;

const emojis: Readonly<Record<ClipAction, string>> = {
  again: '🎲',
  edit: '✏️',
  end: '🖼️',
  extend: '➕',
  loop: '🔁',
  smooth: '⬆️',
  larger: '🔎',
  settings: '📋',
  delete: '🗑️',
};

/** The buttons under a clip. They name the job alone, so they work as long as the store knows it. */
export function clipRows(job: Job, messages: Messages): APIActionRowComponent<APIButtonComponent>[] {
  const all = clipActions.map((action) => clipButton(action, job, messages));
  return [all.slice(0, buttonsPerRow), all.slice(buttonsPerRow)].map((components) => ({
    type: ComponentType.ActionRow,
    components,
  }));
}

function clipButton(action: ClipAction, { id: jobId }: Job, { clip: { buttons } }: Messages): APIButtonComponent {
  return {
    type: ComponentType.Button,
    style: ButtonStyle.Secondary,
    emoji: { name: emojis[action] },
    label: buttons[action],
    custom_id: buttonId({ action, jobId }),
  };
}

/** The first word of the custom ids of the buttons that pick a variation. */
export const pickAction = 'pick';

/** The buttons under variations: a number for each, and those of a clip that make sense for several. */
export function variationRows(
  job: Job,
  { form: { variations: count = 1 }, refusedVariations = [] }: Clip,
  messages: Messages,
): APIActionRowComponent<APIButtonComponent>[] {
  const numbers = Array.from({ length: count }, (_, index): APIButtonComponent => {
    const number = index + 1;
    return {
      type: ComponentType.Button,
      style: ButtonStyle.Primary,
      label: `${number}`,
      custom_id: buttonId({ action: pickAction, jobId: job.id, number }),
      ...(refusedVariations.includes(number) && { disabled: true }),
    };
  });
  const others = (['again', 'delete'] as const).map((action) => clipButton(action, job, messages));
  return [numbers, others].map((components) => ({ type: ComponentType.ActionRow, components }));
}

/**
 * Whether 🔁 made the clip, and a seamless loop could be made in its place. A clip that ends as another picture, or that was
 * extended, would not be the same any more.
 */
export function hasSeamlessOffer({ parent, hasEndPicture }: Job, { form, extended }: Clip): boolean {
  return parent?.change === 'loop' && form.loop !== 'seamless' && !hasEndPicture && !extended;
}

/** Beside the other buttons: the seamless loop, with what it costs. `seconds` are those of rendering, where they are known. */
export function seamlessButton(
  { id: jobId }: Pick<Job, 'id'>,
  seconds: number | undefined,
  { clip }: Messages,
): APIButtonComponent {
  return {
    type: ComponentType.Button,
    style: ButtonStyle.Secondary,
    emoji: { name: emojis.loop },
    label: clip.seamlessButton(seconds === undefined ? undefined : roughDuration(seconds)),
    custom_id: buttonId({ action: seamlessAction, jobId }),
  };
}

/** As precise as an estimate is, in units that all languages share. */
export function roughDuration(seconds: number): string {
  return seconds < 90 ? `${Math.max(1, Math.ceil(seconds / 10)) * 10} s` : `${Math.round(seconds / 60)} min`;
}
