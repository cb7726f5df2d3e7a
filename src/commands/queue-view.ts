import {
  type APIActionRowComponent,
  type APIButtonComponent,
  type BaseInteraction,
  ButtonStyle,
  ComponentType,
  TimestampStyles,
  time,
} from 'discord.js';
import { buttonId } from '../bot/button-id.ts';
import type { Messages } from '../bot/languages/messages.ts';
import type { QueueOverview } from '../queue/types.ts';
import type { Job } from '../storage/job.ts';
import { mayCancel } from './cancel.ts';

/** Whose jobs a list shows. */
export const queueScopes = ['mine', 'all'] as const;
export type QueueScope = (typeof queueScopes)[number];

/** The first word of the custom ids of buttons that fetch a clip. */
export const fetchAction = 'queue-fetch';

/** The custom id of the button that draws the list anew. */
export function refreshAction(scope: QueueScope): string {
  return `queue-refresh-${scope}`;
}

/** What {@link queueView} draws. */
export interface QueueViewOptions {
  overview: QueueOverview;
  /** The viewer's clips that could not be posted. */
  undelivered: readonly Job[];
  scope: QueueScope;
  viewer: Pick<BaseInteraction, 'user' | 'guildId' | 'memberPermissions'>;
  messages: Messages;
  /** The list then says when it was drawn, and has a button to draw it anew; left out for a list within something else. */
  nowMs?: number;
}

/** Lines that a list shows; more would not fit the 2,000 characters of a message. */
const maxLines = 15;
const buttonsPerRow = 5;
const maxRows = 5;

/** The queue as one person may see it, with a Cancel button for each job that they may end. */
export function queueView({ overview, undelivered, scope, viewer, messages, nowMs }: QueueViewOptions) {
  const { mode, hostFault, running, waiting } = overview;
  const entries = [
    ...running.map(({ job, endsAtMs }) => ({ job, mark: '▶️', moment: endsAtMs, say: messages.readyAt })),
    ...waiting.map(({ job, place }) => ({
      job,
      mark: `${place.position}.`,
      moment: place.startsAtMs,
      say: messages.startsAt,
    })),
  ].filter(({ job }) => scope === 'all' || job.userId === viewer.user.id);
  const lines = entries.slice(0, maxLines).map(({ job, mark, moment, say }) => {
    const when = moment === undefined ? '' : ` · ${say(countdown(moment))}`;
    return `${mark} \`${job.id}\` ${nameOf(job, viewer, messages)}${when}`;
  });
  const more = entries.length - lines.length;
  const content = [
    messages.queue.summary({ running: running.length, waiting: waiting.length }),
    ...(mode === 'open' ? [] : [messages.queue.modes[mode]]),
    ...(hostFault ? [messages.queue.hostPaused] : []),
    ...(undelivered.length > 0 ? [messages.queue.undelivered(undelivered.length)] : []),
    ...lines,
    ...(more > 0 ? [messages.queue.more(more)] : []),
    ...(entries.length + undelivered.length === 0 && scope === 'mine' ? [messages.queue.none] : []),
    ...(nowMs === undefined ? [] : [messages.queue.asOf(time(Math.floor(nowMs / 1000), TimestampStyles.RelativeTime))]),
  ].join('\n');
  const mine = entries.map(({ job }) => job).filter((job) => mayCancel(viewer, job));
  const fetchable = undelivered.slice(0, buttonsPerRow);
  return {
    content,
    components: [
      ...[...fetchRow(fetchable, messages), ...cancelRows(mine, { scope, messages })].slice(0, maxRows - 1),
      ...(nowMs === undefined ? [] : [refreshRow(scope, messages)]),
    ],
  };
}

function nameOf(job: Job, viewer: QueueViewOptions['viewer'], messages: Messages): string {
  const isKnownHere = job.userId === viewer.user.id || (job.guildId !== null && job.guildId === viewer.guildId);
  return isKnownHere ? `<@${job.userId}>` : messages.queue.somebody;
}

/** A moment that counts down on the reader's screen. */
function countdown(timeMs: number): string {
  return time(Math.ceil(timeMs / 1000), TimestampStyles.RelativeTime);
}

/** One button for each clip that waits to be fetched. */
function fetchRow(jobs: readonly Job[], messages: Messages): APIActionRowComponent<APIButtonComponent>[] {
  if (jobs.length === 0) return [];
  const components = jobs.map(
    ({ id }): APIButtonComponent => ({
      type: ComponentType.Button,
      style: ButtonStyle.Primary,
      label: messages.queue.fetch(id),
      custom_id: buttonId({ action: fetchAction, jobId: id }),
    }),
  );
  return [{ type: ComponentType.ActionRow, components }];
}

function refreshRow(scope: QueueScope, { queue }: Messages): APIActionRowComponent<APIButtonComponent> {
  const button: APIButtonComponent = {
    type: ComponentType.Button,
    style: ButtonStyle.Secondary,
    emoji: { name: '🔄' },
    label: queue.refresh,
    custom_id: buttonId({ action: refreshAction(scope) }),
  };
  return { type: ComponentType.ActionRow, components: [button] };
}

function cancelRows(jobs: readonly Job[], { scope, messages }: { scope: QueueScope; messages: Messages }) {
  const buttons = jobs.slice(0, maxLines).map(
    ({ id }): APIButtonComponent => ({
      type: ComponentType.Button,
      style: ButtonStyle.Secondary,
      label: messages.queue.cancel(id),
      custom_id: buttonId({ action: `queue-cancel-${scope}`, jobId: id }),
    }),
  );
  const rows: APIActionRowComponent<APIButtonComponent>[] = [];
  for (let first = 0; first < buttons.length; first += buttonsPerRow) {
    rows.push({ type: ComponentType.ActionRow, components: buttons.slice(first, first + buttonsPerRow) });
  }
  return rows;
}
