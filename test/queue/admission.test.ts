import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { createAdmission, type WaitingJob } from '../../src/queue/admission.ts';
import { createBlockStore } from '../../src/storage/blocks.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createGuildSettings } from '../../src/storage/guild-settings.ts';
import { clipCountOf, clipCountOfPick, type NewJob } from '../../src/storage/job.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { noLimits, type OperatorLimits } from '../../src/storage/limits.ts';
import { createUseStore, quotaPeriodMs } from '../../src/storage/uses.ts';
import { pickKey } from '../../src/storage/variations.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { newJob, tinyModel } from '../support/jobs.ts';
import { tempFolder } from '../support/temp-folder.ts';

function setUp(limits: Partial<OperatorLimits> = {}, model = tinyModel) {
  const database = openDatabase(tempFolder());
  const clock = createFakeClock();
  const store = createJobStore(database);
  const guildSettings = createGuildSettings(database);
  const uses = createUseStore(database);
  const blocks = createBlockStore(database);
  const admit = createAdmission({
    limits: { ...noLimits, ...limits },
    guildSettings,
    uses,
    blocks,
    store,
    model,
    clock,
  });
  /** What is wrong with a request: the error's code and when it is free again. */
  const refusal = async (changes: Partial<NewJob> = {}, waiting: WaitingJob[] = []) => {
    try {
      await admit(newJob(changes), waiting);
    } catch (error) {
      if (error instanceof UserError) return [error.code, error.details.freeAtMs, error.details.limit];
      throw error;
    }
    return undefined;
  };
  const accept = (changes: Partial<NewJob> = {}) => store.add(newJob(changes), clock.now());
  return { admit, refusal, accept, store, guildSettings, uses, blocks, clock };
}

/** Somebody's waiting job. */
function waitingJob(userId: string, guildId: string | null, startsAtMs?: number): WaitingJob {
  const { picture: _, ...request } = newJob({ userId, guildId });
  const job = { ...request, id: '00000000', state: 'queued' as const, attempts: 0, createdAtMs: 0 };
  return { job, place: { position: 1, waiting: 1, startsAtMs, endsAtMs: undefined } };
}

describe('createAdmission', () => {
  it('lets through as it is what no limit forbids', async () => {
    const { admit } = setUp();
    const request = newJob();
    expect(await admit(request, [waitingJob('u1', 'g1'), waitingJob('u1', 'g1')])).toEqual(request);
  });

  it('counts a clip that ends with a given picture as two, in quota and among those that wait', async () => {
    const { refusal, accept, clock } = setUp({ dailyQuota: 3, maxWaitingPerUser: 2 });
    const between: Partial<NewJob> = { hasEndPicture: true, endPicture: Buffer.from('end') };
    await accept(between);
    const firstAtMs = clock.now();
    clock.advance(1_000);
    expect(await refusal(between)).toEqual(['limit-quota', firstAtMs + quotaPeriodMs, 3]);
    expect(await refusal()).toBeUndefined();
    await accept();
    expect(await refusal()).toEqual(['limit-quota', firstAtMs + quotaPeriodMs, 3]);
    // What is only encoded anew is one, and a seamless loop two.
    const reencoded = { ...between, parent: { id: '00000000', use: 'reencode' as const } };
    const others = { ...setUp({ maxWaitingPerUser: 2 }) };
    const waiting = [waitingJob('u1', 'g1')];
    expect(await others.refusal(reencoded, waiting)).toBeUndefined();
    expect(await others.refusal({ form: { loop: 'seamless' } }, waiting)).toEqual(['limit-waiting-user', undefined, 2]);
    const [{ job, place }] = [waiting[0]!];
    expect(await others.refusal({}, [{ job: { ...job, hasEndPicture: true }, place }])).toBeDefined();
  });

  it('does not shut a clip that counts as two out of a limit of one', async () => {
    const { refusal, accept } = setUp({ dailyQuota: 1, maxWaitingPerUser: 1 });
    const between: Partial<NewJob> = { hasEndPicture: true, endPicture: Buffer.from('end') };
    expect(await refusal(between)).toBeUndefined();
    await accept(between);
    expect(await refusal()).toBeDefined();
  });

  it('holds the settings of a clip with a last picture against the model as they are sampled, by Euler alone', async () => {
    const seen: unknown[] = [];
    const { refusal } = setUp({}, { ...tinyModel, checkSettings: ({ sampler }) => void seen.push(sampler) });
    const settings = { sampler: 'euler-ancestral' as const };
    await refusal({ settings });
    await refusal({ settings, hasEndPicture: true, endPicture: Buffer.from('end') });
    expect(seen).toEqual(['euler-ancestral', 'euler']);
  });

  it('limits the jobs that wait, and tells when the next of them starts', async () => {
    const { refusal } = setUp({ maxWaitingPerUser: 2, maxWaitingPerGuild: 3 });
    const own = [waitingJob('u1', 'elsewhere', 9_000), waitingJob('u1', 'g1', 5_000)];
    expect(await refusal({}, own)).toEqual(['limit-waiting-user', 5_000, 2]);
    expect(await refusal({}, own.slice(1))).toBeUndefined();
    const guild = ['a', 'b', 'c'].map((userId) => waitingJob(userId, 'g1'));
    expect(await refusal({}, guild)).toEqual(['limit-waiting-guild', undefined, 3]);
    expect(await refusal({ guildId: 'g2' }, guild)).toBeUndefined();
    // Conversations with the bot are not one place: they share no limit.
    expect(
      await refusal(
        { guildId: null },
        [...guild, ...guild].map(({ job }) => waitingJob(job.userId, null)),
      ),
    ).toBeUndefined();
  });

  it('limits the jobs that wait in all: direct messages and private conversations do not escape', async () => {
    const { refusal } = setUp({ maxWaitingPerGuild: 5, maxWaitingTotal: 3 });
    const waiting = [waitingJob('a', null, 9_000), waitingJob('b', null, 5_000), waitingJob('c', 'g1')];
    expect(await refusal({ guildId: null }, waiting)).toEqual(['limit-waiting-total', 5_000, 3]);
    expect(await refusal({ guildId: 'g2' }, waiting)).toEqual(['limit-waiting-total', 5_000, 3]);
    expect(await refusal({ guildId: null }, waiting.slice(1))).toBeUndefined();
  });

  it('keeps a pause between two jobs, also when the first was cancelled', async () => {
    const { refusal, accept, store, clock } = setUp({ cooldownSeconds: 60 });
    const acceptedAtMs = clock.now();
    const { id } = await accept();
    await store.finish(id, { state: 'cancelled', finishedAtMs: clock.now() });
    await clock.advance(59_000);
    expect(await refusal()).toEqual(['limit-cooldown', acceptedAtMs + 60_000, 60]);
    expect(await refusal({ userId: 'other' })).toBeUndefined();
    await clock.advance(1_000);
    expect(await refusal()).toBeUndefined();
  });

  it('counts the clips of 24 hours, and tells when the oldest no longer counts', async () => {
    const { refusal, accept, store, clock } = setUp({ dailyQuota: 2 });
    const firstAtMs = clock.now();
    await accept();
    await clock.advance(3_600_000);
    const second = await accept({ guildId: null });
    expect(await refusal()).toEqual(['limit-quota', firstAtMs + quotaPeriodMs, 2]);
    expect(await refusal({ userId: 'other' })).toBeUndefined();
    await store.finish(second.id, { state: 'done', finishedAtMs: clock.now() });
    await clock.advance(quotaPeriodMs - 3_600_001);
    expect((await refusal())?.[0]).toBe('limit-quota');
    await clock.advance(1);
    expect(await refusal()).toBeUndefined();
  });

  it('does not make hours of a pause of seconds when the clock is set back', async () => {
    const { refusal, accept, clock, uses } = setUp({ cooldownSeconds: 5 });
    await accept();
    clock.setBack(3 * 3_600_000);
    expect(await refusal()).toBeUndefined();
    // The pause is kept from what is accepted from now on.
    await accept();
    const setBackAtMs = clock.now();
    expect(await refusal()).toEqual(['limit-cooldown', setBackAtMs + 5_000, 5]);
    await clock.advance(5_000);
    expect(await refusal()).toBeUndefined();
    await uses.prune(clock.now());
    expect((await refusal())?.[1]).toBe(clock.now() + 5_000);
  });

  it('never promises the quota for later than its period from now when the clock is set back', async () => {
    const { refusal, accept, clock, uses } = setUp({ dailyQuota: 1 });
    await accept();
    clock.setBack(1_000 * quotaPeriodMs);
    expect(await refusal()).toEqual(['limit-quota', clock.now() + quotaPeriodMs, 1]);
    // Which holds, since the next look for what is old finds the use in the future.
    await uses.prune(clock.now());
    await clock.advance(quotaPeriodMs - 1);
    expect(await refusal()).toEqual(['limit-quota', clock.now() + 1, 1]);
    await clock.advance(1);
    expect(await refusal()).toBeUndefined();
  });

  it.each(['failed', 'cancelled'] as const)('gives the quota back for what %s', async (state) => {
    const { refusal, accept, store } = setUp({ dailyQuota: 1 });
    const { id } = await accept();
    expect((await refusal())?.[0]).toBe('limit-quota');
    await store.finish(id, { state, finishedAtMs: 1 });
    expect(await refusal()).toBeUndefined();
  });

  it('is not got round by deleting one’s data, but the operator may reset it', async () => {
    const { refusal, accept, store, uses } = setUp({ dailyQuota: 1 });
    const { id } = await accept();
    await store.finish(id, { state: 'done', finishedAtMs: 1 });
    await store.forget('u1');
    expect((await refusal())?.[0]).toBe('limit-quota');
    await uses.reset('u1');
    expect(await refusal()).toBeUndefined();
  });

  it('refuses too many steps and frames, and brings defaults within the limit', async () => {
    const model = { ...tinyModel, defaults: { ...tinyModel.defaults, numInferenceSteps: 25, numFrames: 25 } };
    const { admit, refusal } = setUp({ maxSteps: 20, maxFrames: 14 }, model);
    expect(await refusal({ settings: { numInferenceSteps: 21 } })).toEqual(['limit-steps', undefined, 20]);
    expect(await refusal({ settings: { numFrames: 15 } })).toEqual(['limit-frames', undefined, 14]);
    expect((await admit(newJob({ settings: { seed: 1 } }), [])).settings).toEqual({
      seed: 1,
      numInferenceSteps: 20,
      numFrames: 14,
    });
    expect((await admit(newJob({ settings: { numInferenceSteps: 5 } }), [])).settings.numInferenceSteps).toBe(5);
  });

  it('refuses what the model cannot do, but for clips whose frames are there already', async () => {
    const asked: unknown[] = [];
    const model = {
      ...tinyModel,
      checkSettings(settings: NewJob['settings']) {
        asked.push(settings);
        if (settings.fps === 0) throw new UserError('settings-invalid', 'No frames per second.');
      },
    };
    const { admit, refusal } = setUp({ maxSteps: 1 }, model);
    expect((await refusal({ settings: { fps: 0 } }))?.[0]).toBe('settings-invalid');
    expect(await refusal({ settings: { fps: 0 }, parent: { id: 'p', use: 'reencode' } })).toBeUndefined();
    await admit(newJob({ settings: { fps: 7 } }), []);
    // As they will be rendered: within the limits.
    expect(asked.at(-1)).toEqual({ fps: 7, numInferenceSteps: 1 });
  });

  it('adds a guild’s own limits to the operator’s, counted in that guild', async () => {
    const { refusal, accept, guildSettings } = setUp({ dailyQuota: 3, maxSteps: 20 });
    await guildSettings.change('g1', () => ({
      limits: { dailyQuota: 1, maxSteps: 50, maxWaitingPerUser: 1, maxWaitingPerGuild: 2 },
    }));
    await accept({ guildId: 'g2' });
    expect(await refusal()).toBeUndefined();
    await accept();
    expect((await refusal())?.[0]).toBe('limit-quota');
    expect(await refusal({ guildId: 'g2' })).toBeUndefined();
    // It may be stricter, never laxer.
    expect(await refusal({ settings: { numInferenceSteps: 30 } })).toEqual(['limit-steps', undefined, 20]);
    expect(await refusal({ userId: 'u2' }, [waitingJob('u2', 'g2')])).toBeUndefined();
    expect((await refusal({ userId: 'u2' }, [waitingJob('u2', 'g1')]))?.[0]).toBe('limit-waiting-user');
    const full = [waitingJob('a', 'g1'), waitingJob('b', 'g1')];
    expect((await refusal({ userId: 'u2' }, full))?.[0]).toBe('limit-waiting-guild');
  });

  it('refuses whom the operator blocked, until they are unblocked', async () => {
    const { refusal, blocks } = setUp();
    await blocks.set('user', 'u1', true);
    await blocks.set('guild', 'g2', true);
    expect((await refusal())?.[0]).toBe('blocked-user');
    expect((await refusal({ userId: 'u2', guildId: 'g2' }))?.[0]).toBe('blocked-guild');
    await blocks.set('user', 'u1', false);
    expect(await refusal()).toBeUndefined();
  });
});

describe('variations and their picks', () => {
  const form = { variations: 4 };
  const pickOf = (id: string, number: number): Partial<NewJob> => ({
    parent: { id, use: 'render', change: 'pick', variation: { number, of: 4 } },
    uniqueKey: pickKey(id, number),
  });

  it.each([
    [2, false, [1, 0, 1]],
    [3, false, [2, 0, 0, 1]],
    [4, false, [2, 0, 1, 0, 1]],
    [4, true, [4, 0, 2, 1, 1]],
  ])(
    'of %i (with a last picture: %s) count as %j clips, as many as they are when all are picked',
    (of, isBetween, all) => {
      const request = { ...(isBetween && { hasEndPicture: true as const }) };
      const picks = Array.from({ length: of }, (_, picked) => clipCountOfPick(request, { number: 1, of }, picked));
      expect([clipCountOf({ ...request, form: { variations: of } }), ...picks]).toEqual(all);
      expect(all.reduce((sum, each) => sum + each)).toBe(of * (isBetween ? 2 : 1));
    },
  );

  it('leave the first pick free where the quota is used up, and refuse the next that counts', async () => {
    const { admit, refusal, accept } = setUp({ dailyQuota: 2, cooldownSeconds: 60 });
    const { id } = await accept({ form });
    expect(await admit(newJob(pickOf(id, 3)), [])).toMatchObject({ quotaClips: 0 });
    await accept({ ...pickOf(id, 3), quotaClips: 0 });
    expect(await refusal(pickOf(id, 1))).toMatchObject(['limit-quota', expect.any(Number), 2]);
  });

  it('are refused as the clips that they count as', async () => {
    const { refusal, accept } = setUp({ dailyQuota: 3 });
    await accept();
    expect(await refusal({ form })).toBeUndefined();
    await accept();
    expect(await refusal({ form })).toMatchObject(['limit-quota', expect.any(Number), 3]);
    expect(await refusal()).toBeUndefined();
  });
});
