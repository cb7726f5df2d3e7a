import { type APIActionRowComponent, type APIButtonComponent, ButtonStyle, ComponentType } from 'discord.js';
import type { Clip, JobProgress, QueuePosition } from '../queue/job-listener.ts';
import type { Job } from '../storage/job.ts';
import { buttonId } from './button-id.ts';
import { clipRows } from './clip-rows.ts';
import type { Messages } from './languages/messages.ts';
import type { Reply } from './message-sender.ts';

const barLength = 20;

/** The message of a job that waits. */
export function queuedView(job: Job, place: QueuePosition, messages: Messages): Reply {
  const moments = [
    place.startsAtMs === undefined ? '' : messages.startsAt(countdown(place.startsAtMs)),
    place.endsAtMs === undefined ? '' : messages.readyAt(countdown(place.endsAtMs)),
  ];
  const content = place.isHostPaused
    ? joinedLines(messages.queued(place), messages.paused)
    : joined(messages.queued(place), ...moments);
  return { content, components: [cancelRow(job, messages)] };
}

/** The message of a job that runs: stage, step i of n, a bar over the whole job, and when it will be ready. */
export function progressView(job: Job, progress: JobProgress, messages: Messages): Reply {
  const { stage, step, steps, share, endsAtMs } = progress;
  const count = steps > 1 ? ` · ${messages.step({ step, steps })}` : '';
  const lines = [
    `🎞️ **${messages.stages[stage]}**${count}`,
    progressBar(share),
    endsAtMs === undefined ? '' : messages.readyAt(countdown(endsAtMs)),
  ];
  return { content: joinedLines(...lines), components: [cancelRow(job, messages)] };
}

/** The clip, with the seed and settings that made it. The file's name says them too, since files travel alone. */
export function deliveredView(job: Job, clip: Clip, messages: Messages): Reply {
  const { motionBucketId: motion, seed, numInferenceSteps: steps } = clip.settings;
  const { width, height, fps, frames } = clip;
  const { format } = clip.form;
  const seconds = Math.round(Object.values(clip.secondsPerStage).reduce((sum, part) => sum + part, 0));
  const lines = [
    messages.delivered({ motion, seed, steps, fps, frames, width, height, seconds }),
    job.parent?.link === undefined ? '' : messages.clip.madeFrom(job.parent.link),
    job.parent?.use === 'extend' ? messages.clip.drift : '',
    clip.reduced ? messages.reduced : '',
  ];
  const name = `kinora-${job.id}-seed${seed}-motion${motion}-steps${steps}-fps${fps}.${format}`;
  return {
    content: joinedLines(...lines),
    components: clipRows(job, messages),
    files: [{ name, data: clip.bytes, contentType: format === 'mp4' ? 'video/mp4' : `image/${format}` }],
  };
}

/** A message that only says something. */
export function plainView(content: string): Reply {
  return { content, components: [] };
}

/** A moment that counts down on the reader's screen, without edits. */
function countdown(timeMs: number): string {
  return `<t:${Math.ceil(timeMs / 1000)}:R>`;
}

function progressBar(share: number): string {
  const filled = Math.floor(share * barLength);
  return `\`${'█'.repeat(filled)}${'░'.repeat(barLength - filled)}\` ${Math.floor(share * 100)} %`;
}

function cancelRow(job: Job, messages: Messages): APIActionRowComponent<APIButtonComponent> {
  return {
    type: ComponentType.ActionRow,
    components: [
      {
        type: ComponentType.Button,
        style: ButtonStyle.Secondary,
        label: messages.cancelButton,
        custom_id: buttonId({ action: 'cancel', jobId: job.id }),
      },
    ],
  };
}

function joined(...sentences: string[]): string {
  return sentences.filter(Boolean).join(' ');
}

function joinedLines(...lines: string[]): string {
  return lines.filter(Boolean).join('\n');
}
