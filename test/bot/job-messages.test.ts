import { DiscordAPIError } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { createJobMessages } from '../../src/bot/job-messages.ts';
import type { MessageSender, Reply } from '../../src/bot/message-sender.ts';
import type { ReplyAddress } from '../../src/bot/reply-address.ts';
import { InferenceError, UserError } from '../../src/errors.ts';
import { type GuildSettings, guildSettingsSchema } from '../../src/storage/guild-settings.ts';
import type { Job } from '../../src/storage/job.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { makeClip } from '../support/scripted-renderer.ts';

const address: ReplyAddress = {
  applicationId: 'app',
  channelId: 'chan',
  messageId: 'msg',
  userId: 'user',
  token: 'tok',
  tokenExpiresAtMs: 0,
  hasChannelRoute: true,
  isEphemeral: false,
  isSpoiler: false,
  locale: 'en-US',
};
const { picture: _, ...request } = newJob({ address });
const job: Job = { ...request, id: '7f3a91c2', state: 'running', attempts: 1, createdAtMs: 0 };
const clip = makeClip({ picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' });
const progress = (step: number) => ({
  stage: 'denoise' as const,
  step,
  steps: 20,
  secondsPerStep: 1,
  share: step / 20,
  endsAtMs: undefined,
});
const gone = () => new DiscordAPIError({ code: 10_008, message: 'Unknown Message' }, 10_008, 404, 'PATCH', '', {});
const tooOld = () => new DiscordAPIError({ code: 30_046, message: 'Too old' }, 30_046, 400, 'PATCH', '', {});
const signal = new AbortController().signal;

function setUp(
  edit: (reply: Reply) => Promise<void> = async () => {},
  options: { pingAfterMs?: number; wantsPing?: boolean; guild?: Partial<GuildSettings>; refusePing?: boolean } = {},
) {
  const clock = createFakeClock();
  const said: string[] = [];
  const replies: MessageSender = {
    async edit(_address, reply) {
      said.push(`edit ${reply.files ? 'clip' : reply.content.split('\n')[0]}`);
      await edit(reply);
    },
    post: async (_address, reply, nonce) => void said.push(`post ${reply.files ? 'clip' : reply.content} ${nonce}`),
    direct: async (_address, reply, nonce) => void said.push(`direct ${reply.content} ${nonce}`),
    hasToken: ({ tokenExpiresAtMs }) => tokenExpiresAtMs > clock.now(),
    whisper: async (_address, content) => void said.push(`whisper ${content}`),
    remove: async (_address, by) => void said.push(`remove by ${by}`),
    async ping(_address, content, nonce) {
      said.push(`ping ${content} ${nonce}`);
      if (options.refusePing) throw new Error('no');
    },
  };
  const log = createRecordingLog();
  const { pingAfterMs, wantsPing = true, guild = {} } = options;
  const settings = {
    guildSettings: { of: async () => ({ ...guildSettingsSchema.parse({}), ...guild }) },
    userSettings: { wantsPing: async () => wantsPing },
    pingAfterMs,
  };
  const shrink = async () => undefined;
  return { messages: createJobMessages({ ...settings, replies, shrink, clock, log }), clock, said, log };
}

describe('createJobMessages', () => {
  it('edits once per 3 s at most, whatever the render tells', async () => {
    const { messages, clock, said } = setUp();
    for (let step = 0; step < 20; step++) {
      messages.progress(job, progress(step));
      await clock.advance(500);
    }
    expect(said).toHaveLength(4);
    expect(said.at(-1)).toContain('step 17 of 20');
  });

  it('finding 5: edits a waiting message only for what changed for its requester', async () => {
    const { messages, clock, said } = setUp();
    const nowMs = clock.now();
    const place = (position: number, startsInMs?: number) => {
      const startsAtMs = startsInMs === undefined ? undefined : nowMs + startsInMs;
      return { position, waiting: 9, startsAtMs, endsAtMs: startsAtMs && startsAtMs + 60_000 };
    };
    const edits = async (...places: Parameters<typeof place>[]) => {
      const before = said.length;
      for (const values of places) {
        messages.waiting(job, { ...place(...values), waiting: 9 + said.length });
        await clock.advance(0);
        await clock.advance(3_000);
      }
      return said.length - before;
    };
    expect(await edits([5])).toBe(1);
    // Others came, which is nobody else's news.
    expect(await edits([5], [5])).toBe(0);
    expect(await edits([5, 600_000])).toBe(1);
    // A minute of ten is worth an edit, half a minute is not, nor are many little shifts until they come to a minute.
    expect(await edits([5, 630_000], [5, 570_000], [5, 645_000])).toBe(0);
    expect(await edits([5, 700_000])).toBe(1);
    expect(await edits([4, 700_000])).toBe(1);
    expect(await edits([4])).toBe(1);
  });

  it('delivers at once, and says nothing after the clip', async () => {
    const { messages, clock, said } = setUp();
    messages.progress(job, progress(1));
    await clock.advance(0);
    messages.progress(job, progress(2));
    await messages.deliver(job, clip, signal);
    await clock.advance(10_000);
    expect(said).toEqual([expect.stringContaining('step 1 of 20'), 'edit clip']);
  });

  it('mentions who waited long once the clip is there, but not where the clip itself mentions them', async () => {
    const waitedLong = { pingAfterMs: 60_000 };
    const edited = setUp(undefined, waitedLong);
    await edited.messages.deliver(job, clip, signal);
    expect(edited.said).toEqual(['edit clip', `ping <@${job.userId}>, your clip is ready. ping-7f3a91c2`]);
    // Nobody who was served quickly, and nobody where they themselves, the server or the operator want none.
    const soon = { ...job, createdAtMs: edited.clock.now() - 60_000 };
    const cases = [
      [waitedLong, soon],
      [{ ...waitedLong, wantsPing: false }, job],
      [{ ...waitedLong, guild: { ping: false } }, job],
      [{}, job],
    ] as const;
    for (const [options, asked] of cases) {
      const { messages, said } = setUp(undefined, options);
      await messages.deliver(asked, clip, signal);
      expect(said).toEqual(['edit clip']);
    }
    const posted = setUp(() => Promise.reject(tooOld()), waitedLong);
    await posted.messages.deliver(job, clip, signal);
    expect(posted.said).toEqual(['edit clip', 'post clip 7f3a91c2']);
  });

  it('counts a clip as delivered when only the mention failed', async () => {
    const { messages, log } = setUp(undefined, { pingAfterMs: 60_000, refusePing: true });
    await messages.deliver(job, clip, signal);
    expect(log.events.map(({ message }) => message)).toEqual(['who waited long could not be mentioned']);
  });

  it('goes silent when the message was dismissed, and still delivers', async () => {
    const { messages, clock, said } = setUp(() => Promise.reject(gone()));
    messages.progress(job, progress(1));
    await clock.advance(5_000);
    messages.progress(job, progress(2));
    await clock.advance(5_000);
    expect(said).toHaveLength(1);
    await messages.deliver(job, clip, signal);
    expect(said.slice(1)).toEqual(['edit clip', expect.stringMatching(/^direct The message in <#chan> was deleted/)]);
  });

  it('explains what the person can mend, and gives an id for the rest', async () => {
    const { messages, said } = setUp();
    await messages.failed(job, new UserError('picture-broken', ''));
    await messages.failed(job, new InferenceError('x', 'secret'));
    expect(said.filter((words) => words !== 'remove by channel')).toEqual([
      expect.stringMatching(/^direct About your clip in <#chan>:\n.*damaged/),
      expect.stringContaining('id 7f3a91c2'),
    ]);
    expect(said.join()).not.toContain('secret');
  });

  it('bothers nobody with a farewell where the message is gone', async () => {
    const { messages, clock, said } = setUp(() => Promise.reject(gone()));
    await messages.cancelled(job);
    messages.postponed(job);
    await clock.advance(0);
    expect(said.map((words) => words.split(' ')[0])).toEqual(['edit', 'edit']);
  });

  it('leaves the final notice to a later try where Discord is down', async () => {
    const down = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    const { messages, said } = setUp(() => Promise.reject(down));
    await expect(messages.cancelled(job)).rejects.toMatchObject({ scope: 'transient' });
    const inPrivate = { ...job, address: { ...address, isEphemeral: true } };
    await expect(messages.failed(inPrivate, new UserError('picture-broken', ''))).rejects.toMatchObject({
      scope: 'transient',
    });
    expect(said).toHaveLength(2);
  });

  it('waits until the final notice is said when the bot goes down', async () => {
    let release = () => {};
    const { messages, clock, said } = setUp(() => new Promise((resolve) => (release = resolve)));
    messages.postponed(job);
    await clock.advance(0);
    let isFlushed = false;
    void messages.flush(5_000).then(() => {
      isFlushed = true;
    });
    await clock.advance(1_000);
    expect(isFlushed).toBe(false);
    release();
    await clock.advance(0);
    expect(isFlushed).toBe(true);
    expect(said).toEqual([expect.stringContaining('restarting')]);
  });

  it('does not wait for ever to say it', async () => {
    const { messages, clock } = setUp(() => new Promise(() => {}));
    messages.postponed(job);
    const flushed = messages.flush(5_000);
    await clock.advance(5_000);
    await flushed;
  });
});
