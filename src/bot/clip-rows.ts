import { type APIActionRowComponent, type APIButtonComponent, ButtonStyle, ComponentType } from 'discord.js';
import type { Job } from '../storage/job.ts';
import { buttonId } from './button-id.ts';
import { type ClipAction, clipActions } from './languages/clip-messages.ts';
import type { Messages } from './languages/messages.ts';

/** Discord takes five in a row. */
const buttonsPerRow = 5;

const emojis: Readonly<Record<ClipAction, string>> = {
  again: '🎲',
  edit: '✏️',
  extend: '➕',
  loop: '🔁',
  smooth: '⬆️',
  larger: '🔎',
  settings: '📋',
  delete: '🗑️',
};

/** The buttons under a clip. They name the job alone, so they work as long as the store knows it. */
export function clipRows(job: Job, { clip: { buttons } }: Messages): APIActionRowComponent<APIButtonComponent>[] {
  const all = clipActions.map(
    (action): APIButtonComponent => ({
      type: ComponentType.Button,
      style: ButtonStyle.Secondary,
      emoji: { name: emojis[action] },
      label: buttons[action],
      custom_id: buttonId({ action, jobId: job.id }),
    }),
  );
  return [all.slice(0, buttonsPerRow), all.slice(buttonsPerRow)].map((components) => ({
    type: ComponentType.ActionRow,
    components,
  }));
}
