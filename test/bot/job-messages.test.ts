import { DiscordAPIError } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { createJobMessages } from '../../src/bot/job-messages.ts';
import type { MessageSender, Reply } from '../../src/bot/message-sender.ts';
import type { ReplyAddress } from '../../src/bot/reply-address.ts';
import { InferenceError, UserError } from '../../src/errors.ts';
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
  endsAtMs: undefined,
});
const gone = () => new DiscordAPIError({ code: 10_008, message: 'Unknown Message' }, 10_008, 404, 'PATCH', '', {});
const signal = new AbortController().signal;

function setUp(
  edit: (reply: Reply) => Promise<void> = async () => {},
  options: { wantsPing?: () => Promise<boolean>; refusePing?: boolean } = {},
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
    async ping(_address, content, nonce) {
      said.push(`ping ${content} ${nonce}`);
      if (options.refusePing) throw new Error('no');
    },
  };
  const log = createRecordingLog();
  const { wantsPing = async () => false } = options;
  const shrink = async () => undefined;
  return { messages: createJobMessages({ replies, shrink, wantsPing, clock, log }), clock, said, log };
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
    const edited = setUp(undefined, { wantsPing: async () => true });
    await edited.messages.deliver(job, clip, signal);
    expect(edited.said).toEqual(['edit clip', `ping <@${job.userId}>, your clip is ready. ping-7f3a91c2`]);
    const posted = setUp(() => Promise.reject(gone()), { wantsPing: async () => true });
    await posted.messages.deliver(job, clip, signal);
    expect(posted.said).toEqual(['edit clip', 'post clip 7f3a91c2']);
  });

  it('counts a clip as delivered when only the mention failed', async () => {
    const { messages, log } = setUp(undefined, { wantsPing: async () => true, refusePing: true });
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
    expect(said.slice(1)).toEqual(['edit clip', 'post clip 7f3a91c2']);
  });

  it('explains what the person can mend, and gives an id for the rest', async () => {
    const { messages, clock, said } = setUp();
    messages.failed(job, new UserError('picture-broken', ''));
    messages.failed(job, new InferenceError('x', 'secret'));
    await clock.advance(0);
    expect(said).toEqual([expect.stringContaining('damaged'), expect.stringContaining('id 7f3a91c2')]);
  });

  it('explains a failure anew where the message is gone, but bothers nobody with a farewell', async () => {
    const { messages, clock, said } = setUp(() => Promise.reject(gone()));
    await messages.failed(job, new UserError('picture-broken', ''));
    expect(said).toEqual([
      expect.stringMatching(/^edit .*damaged/),
      expect.stringMatching(/^post .*damaged.* 7f3a91c2$/),
    ]);
    said.length = 0;
    await messages.cancelled(job);
    messages.postponed(job);
    await clock.advance(0);
    expect(said.map((words) => words.split(' ')[0])).toEqual(['edit', 'edit']);
  });

  it('leaves the final notice to a later try where Discord is down', async () => {
    const down = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    const { messages, said } = setUp(() => Promise.reject(down));
    await expect(messages.cancelled(job)).rejects.toMatchObject({ scope: 'transient' });
    await expect(messages.failed(job, new UserError('picture-broken', ''))).rejects.toMatchObject({
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
