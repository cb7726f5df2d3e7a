import { DiscordAPIError } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { createJobMessages } from '../../src/bot/job-messages.ts';
import { en } from '../../src/bot/languages/en.ts';
import { es } from '../../src/bot/languages/es.ts';
import type { MessageSender, Reply } from '../../src/bot/message-sender.ts';
import type { ReplyAddress } from '../../src/bot/reply-address.ts';
import { guildSettingsSchema } from '../../src/storage/guild-settings.ts';
import type { Job } from '../../src/storage/job.ts';
import { createFakeClock, settle } from '../support/fake-clock.ts';
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
const signal = new AbortController().signal;
const guess = (text = 'guess') => Buffer.from(text);
const at = (step: number, stage: 'prepare' | 'denoise' | 'decode' = 'denoise') => ({
  stage,
  step,
  steps: 20,
  secondsPerStep: 1,
  share: step / 20,
  endsAtMs: undefined,
});
const refusal = (status: number, code: number) =>
  new DiscordAPIError({ code, message: 'no' }, code, status, 'PATCH', '', {});

type Edit = (reply: Reply, signal: AbortSignal | undefined) => Promise<void>;

function setUp(edit: Edit = async () => {}, options: { wantsPreview?: boolean; isSpoiler?: boolean } = {}) {
  const clock = createFakeClock();
  /** What every edit said of files: their names, `kept`, or `none`. */
  const files: string[] = [];
  const replies: Reply[] = [];
  const never = async () => {};
  const sender: MessageSender = {
    async edit(_address, reply, how) {
      files.push(reply.keepsFiles ? 'kept' : (reply.files ?? []).map(({ name }) => name).join() || 'none');
      replies.push(reply);
      await edit(reply, how?.signal);
    },
    post: never,
    direct: never,
    whisper: never,
    remove: never,
    ping: never,
    hasToken: () => false,
  };
  const messages = createJobMessages({
    replies: sender,
    shrink: async () => undefined,
    guildSettings: {
      of: async () =>
        guildSettingsSchema.parse({ previews: options.wantsPreview ?? true, spoiler: options.isSpoiler ?? false }),
    },
    userSettings: { wantsPing: async () => false },
    previewSeconds: 15,
    clock,
    log: createRecordingLog(),
  });
  const step = async (act: () => void) => {
    act();
    await settle();
    await clock.advance(3_000);
  };
  return { messages, clock, files, replies, step };
}

describe('the message of a clip that is being made', () => {
  it('shows each preview in place of the one before, uploads it once, and ends as the clip alone', async () => {
    const { messages, files, replies, step } = setUp();
    await step(() => messages.progress(job, at(1)));
    await step(() => messages.preview?.(job, guess('one')));
    await step(() => messages.progress(job, at(2)));
    await step(() => messages.preview?.(job, guess('two')));
    await step(() => messages.progress(job, at(20, 'decode')));
    await messages.deliver(job, clip, signal);
    const [one, two] = ['preview-7f3a91c2-1.webp', 'preview-7f3a91c2-2.webp'];
    expect(files.slice(0, -1)).toEqual(['none', one, 'kept', two, 'kept']);
    expect(files.at(-1)).toMatch(/^kinora-7f3a91c2-[^,]*\.mp4$/);
    expect(replies[3]).toMatchObject({
      content: expect.stringContaining('step 2 of 20'),
      files: [{ data: guess('two'), contentType: 'image/webp', description: en.previewAltText }],
    });
    expect(es.previewAltText).not.toBe(en.previewAltText);
  });

  it('loses its preview when the clip is cancelled, and when it waits again', async () => {
    const { messages, files, step } = setUp();
    const other = { ...job, id: '00000001' };
    for (const each of [job, other]) {
      await step(() => messages.progress(each, at(1)));
      await step(() => messages.preview?.(each, guess()));
    }
    await messages.cancelled(job);
    const place = { position: 1, waiting: 1, startsAtMs: undefined, endsAtMs: undefined };
    await step(() => messages.waiting(other, place));
    expect(files.slice(-2)).toEqual(['none', 'none']);
  });

  it('shows no preview of an attempt that was begun anew, nor one that comes after the clip', async () => {
    const { messages, files, step } = setUp();
    await step(() => messages.progress(job, at(1)));
    await step(() => messages.preview?.(job, guess()));
    await step(() => {
      messages.preview?.(job, guess('late'));
      messages.progress(job, at(0, 'prepare'));
    });
    expect(files).toEqual(['none', 'preview-7f3a91c2-1.webp', 'none']);
    await messages.deliver(job, clip, signal);
    const count = files.length;
    await step(() => messages.preview?.(job, guess()));
    expect(files).toHaveLength(count);
  });

  it('says the seed, and has Cancel and Another seed as buttons, the latter only where it can make another clip', async () => {
    const { messages, replies, step } = setUp();
    await step(() => messages.progress(job, at(1)));
    await step(() =>
      messages.progress({ ...job, id: '00000002', parent: { id: job.id, use: 'reencode', change: 'loop' } }, at(1)),
    );
    // A variation was picked for its seed, and whoever began anew three times may not any more.
    const variation = { number: 2, of: 4 };
    await step(() =>
      messages.progress(
        { ...job, id: '00000003', parent: { id: job.id, use: 'render', change: 'pick', variation } },
        at(1),
      ),
    );
    await step(() => messages.progress({ ...job, id: '00000004', reseeds: 2 }, at(1)));
    await step(() => messages.progress({ ...job, id: '00000005', reseeds: 3 }, at(1)));
    expect(replies[0]!.content).toContain('seed 7');
    const labels = replies.map(({ components }) =>
      components[0]!.components.map((button) => 'label' in button && button.label),
    );
    const both = ['Cancel', 'Another seed'];
    expect(labels).toEqual([both, ['Cancel'], ['Cancel'], both, ['Cancel']]);
  });
});

describe('a preview', () => {
  it.each([
    ['of a picture that was a spoiler', { ...job, address: { ...address, isSpoiler: true } }, {}],
    ['in a server that hides clips', job, { isSpoiler: true }],
  ] as const)('%s is hidden as its clip is', async (_, hidden, options) => {
    const { messages, replies, step } = setUp(undefined, options);
    await step(() => messages.progress(hidden, at(1)));
    await step(() => messages.preview?.(hidden, guess()));
    expect(replies[1]!.files).toMatchObject([{ name: 'SPOILER_preview-7f3a91c2-1.webp', isSpoiler: true }]);
  });

  it('is not shown where the server has turned previews off', async () => {
    const { messages, files, step } = setUp(undefined, { wantsPreview: false });
    await step(() => messages.progress(job, at(1)));
    await step(() => messages.preview?.(job, guess()));
    expect(files).toEqual(['none']);
    expect(await messages.wantsPreview?.(job)).toBe(false);
  });

  it.each([
    ['no right to attach files', 403, 50_013],
    ['a size that is refused', 413, 40_005],
    ['AutoMod', 400, 200_000],
  ])('that Discord refuses (%s) ends previews of that clip, and loses nothing else', async (_, status, code) => {
    const { messages, files, replies, step } = setUp(async ({ files: sent }) => {
      if (sent?.[0]?.name.startsWith('preview')) throw refusal(status, code);
    });
    await step(() => messages.progress(job, at(1)));
    await step(() => messages.preview?.(job, guess()));
    // The words that came with it are said at once.
    expect(files).toEqual(['none', 'preview-7f3a91c2-1.webp', 'none']);
    await step(() => messages.preview?.(job, guess('next')));
    await step(() => messages.progress(job, at(9)));
    expect(files.slice(3)).toEqual(['none']);
    expect(replies.at(-1)!.content).toContain('step 9 of 20');
    await messages.deliver(job, clip, signal);
    expect(files.at(-1)).toContain('.mp4');
  });

  it('that meets a fault of the moment is uploaded with a later edit', async () => {
    let faults = 1;
    const { messages, files, step } = setUp(async ({ files: sent }) => {
      if (sent?.[0]?.name.startsWith('preview') && faults-- > 0) throw refusal(503, 0);
    });
    await step(() => messages.progress(job, at(1)));
    await step(() => messages.preview?.(job, guess()));
    await step(() => messages.progress(job, at(2)));
    expect(files.filter((name) => name.startsWith('preview'))).toHaveLength(2);
  });

  it('whose upload hangs is broken off after a second: the clip does not wait for it', async () => {
    const { messages, clock, files, step } = setUp((reply, aborted) =>
      aborted === undefined || reply.files?.[0]?.name.startsWith('preview') !== true
        ? Promise.resolve()
        : new Promise((_, reject) => aborted.addEventListener('abort', () => reject(new Error('aborted')))),
    );
    await step(() => messages.progress(job, at(1)));
    await step(() => messages.preview?.(job, guess()));
    const delivered = messages.deliver(job, clip, signal);
    await clock.advance(999);
    expect(files.at(-1)).toContain('preview');
    await clock.advance(1);
    await delivered;
    expect(files.at(-1)).toContain('.mp4');
  });

  it('whose upload hangs holds up what the message says for ten seconds; after the second no other is tried', async () => {
    const { messages, clock, files, step } = setUp((reply, aborted) =>
      aborted === undefined || reply.files?.[0]?.name.startsWith('preview') !== true
        ? Promise.resolve()
        : new Promise((_, reject) => aborted.addEventListener('abort', () => reject(new Error('aborted')))),
    );
    await step(() => messages.progress(job, at(1)));
    for (const number of [1, 2]) {
      await step(() => messages.preview?.(job, guess()));
      expect(files.at(-1)).toBe(`preview-7f3a91c2-${number}.webp`);
      await clock.advance(10_000);
      // What was to be said with it is said without.
      expect(files.at(-1)).toBe('none');
      await step(() => messages.progress(job, at(number + 1)));
      expect(files.at(-1)).toBe('none');
    }
    await step(() => messages.preview?.(job, guess()));
    expect(files.filter((name) => name.startsWith('preview'))).toHaveLength(2);
    await messages.deliver(job, clip, signal);
    expect(files.at(-1)).toContain('.mp4');
  });

  it('counts as an edit: those of one channel and the clip stay within five in five seconds', async () => {
    const { messages, clock, files } = setUp();
    const jobs = Array.from({ length: 6 }, (_, index) => ({ ...job, id: `0000000${index}` }));
    for (const each of jobs) messages.progress(each, at(1));
    for (const each of jobs) messages.preview?.(each, guess());
    await settle();
    await clock.advance(0);
    await messages.deliver(jobs[0]!, clip, signal);
    await clock.advance(4_999);
    expect(files.length).toBeLessThanOrEqual(5);
    expect(files.filter((name) => name.includes('.mp4'))).toHaveLength(1);
  });
});
