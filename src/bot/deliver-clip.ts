import { EncodeError, UserError } from '../errors.ts';
import type { Clip } from '../queue/job-listener.ts';
import type { ExpectedTimes } from '../queue/render-work.ts';
import type { Job } from '../storage/job.ts';
import type { Metrics } from '../util/metrics.ts';
import { hasSeamlessOffer, seamlessButton } from './clip-rows.ts';
import { isMessageDeleted, isRouteClosed, isUploadTooLarge, scopedDiscordError } from './discord-errors.ts';
import { deliveredView } from './job-view.ts';
import type { Messages } from './languages/messages.ts';
import { asSpoiler, type MessageSender, type Reply } from './message-sender.ts';
import type { ReplyAddress } from './reply-address.ts';
import { variationsView } from './variations-view.ts';

/** Encodes a finished clip anew so that it fits; undefined where its frames were not kept. */
export type ShrinkClip = (
  job: Job,
  clip: Clip,
  options: { maxBytes: number; signal: AbortSignal },
) => Promise<Clip | undefined>;

/** Whom a reply is for, and by what it goes. */
export interface DeliveryOptions {
  job: Job;
  messages: Messages;
  replies: Pick<MessageSender, 'edit' | 'post' | 'direct'>;
}

/** What {@link deliverClip} works with. */
interface DeliverClipOptions extends DeliveryOptions {
  /** Whether the clip is hidden until it is clicked. */
  isSpoiler: boolean;
  shrink: ShrinkClip;
  /** How long it takes what the person may decide on next; undefined: nobody knows. */
  times?: ExpectedTimes | undefined;
  /** In milliseconds since 1970. */
  nowMs: number;
  signal: AbortSignal;
  /** Counts tries that are made again. Default: nobody does. */
  metrics?: Metrics | undefined;
}

/** How often a clip that Discord finds too large is halved: a quarter of what it promised is as far as it errs. */
const maxHalvings = 2;

/**
 * Tries once to bring a clip to its requester, made smaller where Discord refuses its size: the limit it stated may have
 * moved.
 *
 * @throws UserError `clip-too-large`: Discord takes no file of that size; `clip-undeliverable`: every way is closed
 * @throws DiscordError with scope `transient`: Discord or the network failed; try again later
 */
export async function deliverClip(address: ReplyAddress, clip: Clip, options: DeliverClipOptions): Promise<Route> {
  let smaller = clip;
  for (let halvings = 0; ; halvings++) {
    try {
      return await deliverWithFallback(address, clipReply(smaller, options), options);
    } catch (cause) {
      if (isRouteClosed(cause)) {
        throw new UserError('clip-undeliverable', 'The bot can post neither there nor to the requester.', { cause });
      }
      if (!isUploadTooLarge(cause)) {
        options.metrics?.count('kinora_delivery_retries_total', {});
        throw scopedDiscordError(cause);
      }
      const next = halvings < maxHalvings ? await shrunk(smaller, options) : undefined;
      if (next === undefined) {
        throw new UserError('clip-too-large', 'The clip is larger than Discord accepts here.', { cause });
      }
      smaller = next;
    }
  }
}

function clipReply(clip: Clip, { job, messages, isSpoiler, times, nowMs }: DeliverClipOptions): Reply {
  const isClip = clip.form.variations === undefined;
  const reply = isClip ? deliveredView(job, clip, messages) : variationsView(job, clip, { messages, times, nowMs });
  if (isClip && hasSeamlessOffer(job, clip)) {
    reply.components.at(-1)?.components.push(seamlessButton(job, times?.seamless(job), messages));
  }
  if (!isSpoiler) return reply;
  return { ...reply, files: (reply.files ?? []).map(asSpoiler) };
}

async function shrunk(clip: Clip, { job, shrink, signal }: DeliverClipOptions): Promise<Clip | undefined> {
  try {
    return await shrink(job, clip, { maxBytes: Math.floor(clip.bytes.byteLength / 2), signal });
  } catch (error) {
    // It is as small as it gets.
    if (error instanceof EncodeError && error.code === 'encode-too-large') return undefined;
    throw error;
  }
}

/** How a reply reached its requester; every way but `edit` mentions them. */
export type Route = 'edit' | 'post' | 'direct';

/**
 * Brings a reply to its requester: into the job's message; as a new one where that takes no edits; at last as a direct
 * message, where the place is closed to the bot. What was deleted in a server, by a moderator perhaps, does not come back there
 * for all to see: then the direct message is next. Each way is tried once: whoever calls tries again later where Discord
 * failed.
 *
 * @throws the last way's error when all of them are closed, or at once what no other way can mend
 */
export async function deliverWithFallback(
  address: ReplyAddress,
  reply: Reply,
  { job, messages, replies }: DeliveryOptions,
): Promise<Route> {
  // Ties a repeated post to the first.
  const nonce = job.id;
  // Where only the token reached, what closed the place is that it ran out.
  const hadTokenAlone = address.isEphemeral || !address.hasChannelRoute;
  let isDeleted = false;
  const direct = () => {
    const place = `<#${address.channelId}>`;
    const where = isDeleted ? messages.sentDeleted(place) : messages.sentHere(place);
    // A direct message has to say where it belongs.
    const content = `${hadTokenAlone ? messages.sentLate : where}\n${reply.content}`;
    return replies.direct(address, { ...reply, content }, nonce);
  };
  const ways: readonly [Route, () => Promise<void>][] = [
    ['edit', () => replies.edit(address, reply)],
    ['post', () => replies.post(address, reply, nonce)],
    ['direct', direct],
  ];
  let refusal: unknown;
  for (const [name, way] of ways) {
    if (name === 'post' && isDeleted) continue;
    try {
      await way();
      return name;
    } catch (error) {
      if (!isRouteClosed(error)) throw error;
      refusal = error;
      if (name === 'edit') isDeleted = isMessageDeleted(error) && job.guildId !== null && !address.isEphemeral;
    }
  }
  throw refusal;
}
