import { UserError } from '../errors.ts';
import { forTwoPictures } from '../settings/image-to-video.ts';
import { findStyle } from '../settings/style.ts';
import type { BlockStore } from '../storage/blocks.ts';
import type { GuildSettingsStore } from '../storage/guild-settings.ts';
import {
  clipCountOf,
  clipCountOfPick,
  isRenderedBetween,
  type Job,
  type JobRequest,
  type ModelCapabilities,
} from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import { type Limits, type OperatorLimits, stricter } from '../storage/limits.ts';
import { quotaPeriodMs, type UseScope, type UseStore } from '../storage/uses.ts';
import type { Clock } from '../util/clock.ts';
import type { QueuePosition } from './job-listener.ts';
import { styleNeeded } from './style-needs.ts';

/** A job that waits, and where. */
export interface WaitingJob {
  job: Job;
  place: QueuePosition;
}

/** Codes of the limits that may be in the way. */
export const limitErrorCodes = [
  'limit-waiting-user',
  'limit-waiting-guild',
  'limit-waiting-total',
  'limit-cooldown',
  'limit-quota',
  'limit-steps',
  'limit-frames',
] as const;
type LimitErrorCode = (typeof limitErrorCodes)[number];

/**
 * Decides about a request, wherever it came from. Gives it back with steps and frames that were left out, and the
 * clip's size, brought within the limits. It changes nothing, and needs no picture, only what the database says: so it can be asked before the picture is fetched, and again when the job is stored.
 *
 * Rejects with UserError `blocked-user`, `blocked-guild`, the `limit-…` that is in the way, with `freeAtMs` in its details
 * when that is known, `style-unknown`, or what {@link ModelCapabilities.checkSettings} throws
 */
export type Admit = <Request extends JobRequest>(job: Request, waiting: readonly WaitingJob[]) => Promise<Request>;

/** What {@link createAdmission} works with. */
export interface AdmissionOptions {
  /** The operator's. They hold everywhere, beside what a guild sets for itself. */
  limits: OperatorLimits;
  guildSettings: Pick<GuildSettingsStore, 'of'>;
  uses: Pick<UseStore, 'counted' | 'latest'>;
  blocks: Pick<BlockStore, 'has'>;
  store: Pick<JobStore, 'picked'>;
  model: ModelCapabilities;
  clock: Clock;
}

/** The limits on who may ask for what, when and how often. */
export function createAdmission(options: AdmissionOptions): Admit {
  const { limits, guildSettings, uses, blocks, store, model, clock } = options;

  async function checkBlocks({ userId, guildId }: JobRequest): Promise<void> {
    if (await blocks.has('user', userId)) throw new UserError('blocked-user', 'The operator blocked this user.');
    if (guildId !== null && (await blocks.has('guild', guildId))) {
      throw new UserError('blocked-guild', 'The operator blocked this server.');
    }
  }

  function checkWaiting(request: JobRequest, waiting: readonly WaitingJob[], guild: Partial<Limits>): void {
    const { userId, guildId } = request;
    const clips = clipCountOf(request);
    const everywhere = waiting.filter(({ job }) => job.userId === userId);
    const inGuild = waiting.filter(({ job }) => guildId !== null && job.guildId === guildId);
    refuseFull('limit-waiting-user', { limit: limits.maxWaitingPerUser, clips }, everywhere);
    const ownHere = everywhere.filter((own) => inGuild.includes(own));
    refuseFull('limit-waiting-user', { limit: guild.maxWaitingPerUser ?? 0, clips }, ownHere);
    const perGuild = stricter(limits.maxWaitingPerGuild, guild.maxWaitingPerGuild ?? 0);
    refuseFull('limit-waiting-guild', { limit: perGuild, clips }, inGuild);
    // Conversations with the bot and between people belong to no server: this alone holds for them.
    refuseFull('limit-waiting-total', { limit: limits.maxWaitingTotal, clips }, waiting);
  }

  async function checkPace(
    { clips, ...scope }: UseScope & Counted,
    { cooldownSeconds = 0, dailyQuota = 0 }: Partial<Limits>,
  ): Promise<void> {
    const nowMs = clock.now();
    // Not of the future: the clock was set back since, and a pause of seconds would become one of hours.
    const latestMs = await uses.latest(scope, nowMs);
    if (cooldownSeconds > 0 && latestMs !== undefined) {
      const freeAtMs = latestMs + cooldownSeconds * 1000;
      if (freeAtMs > nowMs) throw limitError('limit-cooldown', { limit: cooldownSeconds, freeAtMs });
    }
    if (dailyQuota === 0) return;
    const counted = await uses.counted(scope, nowMs - quotaPeriodMs);
    // Free again when so many have grown old that the request fits beside those that are left.
    const blocking = counted[counted.length - dailyQuota + (Math.min(clips, dailyQuota) - 1)];
    if (blocking === undefined) return;
    throw limitError('limit-quota', { limit: dailyQuota, clips, freeAtMs: Math.min(blocking, nowMs) + quotaPeriodMs });
  }

  /** Quota and pause, everywhere and in the guild; for how many clips the quota counts it. */
  async function checkUse(job: JobRequest, guild: Partial<Limits>): Promise<Pick<JobRequest, 'quotaClips'>> {
    const { userId, guildId, parent } = job;
    const { variation } = parent ?? {};
    const picked = variation && (await store.picked(parent!.id)).length;
    const quotaClips = picked === undefined ? undefined : clipCountOfPick(job, variation!, picked);
    const clips = quotaClips ?? clipCountOf(job);
    // Of what goes on from an earlier job the pause was kept, and the first pick was counted.
    const without = picked === undefined ? {} : { cooldownSeconds: 0, ...(clips === 0 && { dailyQuota: 0 }) };
    await checkPace({ userId, clips }, { ...limits, ...without });
    if (guildId !== null) await checkPace({ userId, guildId, clips }, { ...guild, ...without });
    return quotaClips === undefined ? {} : { quotaClips };
  }

  function withinModelLimits(settings: JobRequest['settings'], guild: Partial<Limits>): JobRequest['settings'] {
    const maxSteps = stricter(limits.maxSteps, guild.maxSteps ?? 0);
    const maxFrames = stricter(limits.maxFrames, guild.maxFrames ?? 0);
    const steps = bounded(settings.numInferenceSteps, { code: 'limit-steps', limit: maxSteps });
    const frames = bounded(settings.numFrames, { code: 'limit-frames', limit: maxFrames });
    const { numInferenceSteps, numFrames } = model.defaults;
    return {
      ...settings,
      ...((steps ?? numInferenceSteps) > maxSteps && maxSteps > 0 && { numInferenceSteps: maxSteps }),
      ...((frames ?? numFrames) > maxFrames && maxFrames > 0 && { numFrames: maxFrames }),
    };
  }

  return async (job, waiting) => {
    const { guildId } = job;
    await checkBlocks(job);
    const { limits: ownLimits, maxUploadBytes = job.maxBytes } = await guildSettings.of(guildId);
    const guild = withoutUndefined(ownLimits);
    const settings = withinModelLimits(job.settings, guild);
    // Kept frames in another form: nothing is rendered, so an earlier model's settings are no obstacle.
    if (job.parent?.use !== 'reencode')
      model.checkSettings?.(isRenderedBetween(job) ? forTwoPictures(settings) : settings);
    const style = styleNeeded(job);
    if (style !== undefined) findStyle(model.styles ?? [], style);
    checkWaiting(job, waiting, guild);
    const counted = await checkUse(job, guild);
    return { ...job, ...counted, settings, maxBytes: Math.min(job.maxBytes, maxUploadBytes) };
  };
}

/** How many clips a request counts as. */
interface Counted {
  clips: number;
}

/** What counts as two clips fills a limit of one: it is not shut out by it. */
function refuseFull(
  code: LimitErrorCode,
  { limit, clips }: Counted & { limit: number },
  waiting: readonly WaitingJob[],
): void {
  const before = waiting.reduce((sum, { job }) => sum + clipCountOf(job), 0);
  if (limit === 0 || before + Math.min(clips, limit) <= limit) return;
  const starts = waiting.map(({ place }) => place.startsAtMs).filter((startsAtMs) => startsAtMs !== undefined);
  throw limitError(code, { limit, clips, ...(starts.length > 0 && { freeAtMs: Math.min(...starts) }) });
}

function bounded(
  chosen: number | undefined,
  { code, limit }: { code: LimitErrorCode; limit: number },
): number | undefined {
  if (chosen !== undefined && limit > 0 && chosen > limit) throw limitError(code, { limit });
  return chosen;
}

function limitError(code: LimitErrorCode, details: { limit: number; clips?: number; freeAtMs?: number }): UserError {
  return new UserError(code, `A limit of ${details.limit} holds (${code}).`, { details });
}

function withoutUndefined(limits: { [Name in keyof Limits]?: number | undefined }): Partial<Limits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
