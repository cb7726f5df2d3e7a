import { type APIActionRowComponent, type APIButtonComponent, ButtonStyle, ComponentType } from 'discord.js';
import type { Clip, JobProgress, QueuePosition } from '../queue/job-listener.ts';
import { canReseed, type Job } from '../storage/job.ts';
import { buttonId } from './button-id.ts';
import { clipRows } from './clip-rows.ts';
import type { Messages } from './languages/messages.ts';
import type { Reply } from './message-sender.ts';

const barLength = 20;

/** The message of a job that waits. `cost`: what it costs, where that is to be said. */
export function queuedView(job: Job, place: QueuePosition, messages: Messages, cost = ''): Reply {
  const moments = [
    place.startsAtMs === undefined ? '' : messages.startsAt(countdown(place.startsAtMs)),
    place.endsAtMs === undefined ? '' : messages.readyAt(countdown(place.endsAtMs)),
  ];
  const content = place.isHostPaused
    ? joinedLines(messages.queued(place), messages.paused)
    : joined(messages.queued(place), ...moments);
  return { content: joinedLines(content, cost), components: [cancelRow(job, messages)] };
}

/** The message of a job that runs: stage, step i of n, a bar over the whole job, and when it will be ready. */
export function progressView(job: Job, progress: JobProgress, messages: Messages): Reply {
  const { stage, step, steps, share, endsAtMs } = progress;
  const count = steps > 1 ? ` · ${messages.step({ step, steps })}` : '';
  const { seed } = job.settings;
  const seedWords = seed === undefined ? '' : ` · ${messages.clip.caption.seed(seed)}`;
  const lines = [
    `🎞️ **${messages.stages[stage]}**${count}${seedWords}`,
    progressBar(share),
    endsAtMs === undefined ? '' : messages.readyAt(countdown(endsAtMs)),
  ];
  const row = cancelRow(job, messages);
  if (canReseed(job)) row.components.push(seedButton(job, messages));
  return { content: joinedLines(...lines), components: [row] };
}

/** A preview's file. Its name tells it from the one before, and from a clip. */
export function previewFile(job: Job, bytes: Uint8Array, { number, messages }: { number: number; messages: Messages }) {
  const name = `preview-${job.id}-${number}.webp`;
  return { name, data: bytes, contentType: 'image/webp', description: messages.previewAltText };
}

/** The clip under one short line; 📋 says the rest. Its file's name says what made it, since files travel alone. */
export function deliveredView(job: Job, clip: Clip, messages: Messages): Reply {
  const { motionBucketId: motion, seed, numInferenceSteps: steps } = clip.settings;
  const { fps, frames } = clip;
  const { format, loop } = clip.form;
  const contentType = format === 'mp4' ? 'video/mp4' : `image/${format}`;
  const name = `kinora-${job.id}-seed${seed}-motion${motion}-steps${steps}-fps${fps}.${format}`;
  const description = messages.clip.altText({ frames, seconds: frames / fps, motion, loop });
  return {
    content: captionOf(job, clip, messages),
    components: clipRows(job, messages),
    files: [{ name, data: clip.bytes, contentType, description }],
  };
}

/** What was wanted, how long the clip is, the seed, how it repeats, what gave way, and what it was made from. */
function captionOf({ parent, form: asked }: Job, clip: Clip, messages: Messages): string {
  const { fps, frames, width, height, form, settings, reduced, replacedFormat, interpolator } = clip;
  const { caption } = messages.clip;
  const seconds = frames / fps;
  const change = parent?.change;
  const first =
    change === 'loop'
      ? caption.loop[form.loop]
      : change === 'smooth'
        ? caption.smooth(fps)
        : change === 'larger'
          ? caption.larger({ width, height })
          : change === 'pick'
            ? caption.pick({ number: parent?.variation?.number ?? 1, seconds })
            : caption[change ?? 'plain'](seconds);
  return [
    first,
    caption.seed(settings.seed),
    change === 'loop' || form.loop === 'none' ? '' : caption.loops[form.loop],
    interpolator === 'minterpolate' ? caption.fallbackFrames : '',
    replacedFormat === undefined ? '' : caption.replaced(replacedFormat === 'gif' ? 'GIF' : 'WebP'),
    asked?.upscale === form.upscale ? '' : caption.notUpscaled,
    reduced === undefined ? '' : caption.reduced,
    parent?.link === undefined ? '' : caption.from(parent.link),
  ]
    .filter(Boolean)
    .join(' · ');
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

function seedButton(job: Job, messages: Messages): APIButtonComponent {
  return {
    type: ComponentType.Button,
    style: ButtonStyle.Secondary,
    emoji: { name: '🎲' },
    label: messages.seedButton,
    custom_id: buttonId({ action: 'another-seed', jobId: job.id }),
  };
}

function joined(...sentences: string[]): string {
  return sentences.filter(Boolean).join(' ');
}

function joinedLines(...lines: string[]): string {
  return lines.filter(Boolean).join('\n');
}
