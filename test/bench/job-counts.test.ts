import { describe, expect, it } from 'vitest';
import { countJobs, openStoreView, waitForEnds } from '../../bench/soak/job-counts.ts';
import { readSoakOptions } from '../../bench/soak/options.ts';
import { createSoakPeople } from '../../bench/soak/soak-people.ts';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import type { Change, FakeDiscord } from '../../src/fake-discord/types.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { createFakeClock, settle } from '../support/fake-clock.ts';
import { claim, keepClip, newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** What its requester is brought. */
const clip = makeClip({ picture: Buffer.from('picture'), settings: {}, fit: 'crop' });

const messageOf = (id: string, content: string, files: readonly string[] = []) =>
  ({ id, channel_id: 'c1', content, attachments: files.map((filename) => ({ filename })) }) as unknown as ApiMessage;

/** A channel in which these messages are to be seen. */
const channelWith = (messages: ApiMessage[]) => ({
  users: () => [],
  openDm: () => '',
  messages: () => messages,
  message: (id: string) => messages.find((message) => message.id === id),
});

/** A store with jobs in the message of the same number, and what it says of them. */
async function setUp() {
  const dataDir = tempFolder();
  const database = openDatabase(dataDir);
  const store = createJobStore(database);
  const add = async (messageId: string) => (await store.add(newJob({ address: { messageId, channelId: 'c1' } }), 1)).id;
  return { dataDir, store, add };
}

describe('the counts of a soak', () => {
  it('count a preview as no clip: a job that runs is neither lost nor delivered twice, and told of as not ended', async () => {
    const { dataDir, store, add } = await setUp();
    const id = await add('m1');
    await claim(store, id);
    const counts = countJobs(dataDir, channelWith([messageOf('m1', 'Step 1', [`preview-${id}-1.webp`])]));
    expect(counts).toMatchObject({ accepted: 1, delivered: 0, lost: [], twice: [], previews: 0 });
    expect(counts.unfinished).toEqual([`${id} running: "Step 1"`]);
  });

  it('count a clip beside a preview once, and tell of the preview', async () => {
    const { dataDir, store, add } = await setUp();
    const id = await add('m1');
    await keepClip(store, id, { clip, atMs: 2 });
    await store.finish(id, { state: 'done', finishedAtMs: 3 });
    const [file, preview] = [`SPOILER_kinora-${id}-seed7.mp4`, `preview-${id}-1.webp`];
    const seen = [messageOf('m1', '', [preview]), messageOf('m2', '', [file])];
    const found = { delivered: 1, unfinished: [], lost: [], twice: [], previews: 1 };
    expect(countJobs(dataDir, channelWith(seen))).toMatchObject(found);
  });

  it('tell of clips that came twice, of jobs whose end nobody saw, and of both', async () => {
    const { dataDir, store, add } = await setUp();
    const [twice, never, both, unsaid] = [await add('m1'), await add('m2'), await add('m3'), await add('m4')];
    for (const id of [twice, never]) {
      await keepClip(store, id, { clip, atMs: 2 });
      await store.finish(id, { state: 'done', finishedAtMs: 3 });
    }
    for (const id of [both, unsaid]) await store.finish(id, { state: 'cancelled', finishedAtMs: 3 });
    const seen = [
      messageOf('m1', '', [`kinora-${twice}-seed7.mp4`]),
      messageOf('m5', '', [`kinora-${twice}-seed7.mp4`]),
      messageOf('m2', 'Step 1'),
      messageOf('m3', '🚫', [`kinora-${both}-seed7.mp4`]),
      messageOf('m4', 'Step 1'),
    ];
    const { lost, twice: found } = countJobs(dataDir, channelWith(seen));
    expect(found).toEqual([`${twice} done: 2 clips`, `${both} cancelled: 1 clips`]);
    expect(lost).toEqual([`${never} done: "Step 1"`, `${unsaid} cancelled: "Step 1"`]);
  });

  it('wait for every job that the store has, and for the news of its end', async () => {
    const { dataDir, store, add } = await setUp();
    const [done, failed] = [await add('m1'), await add('m2')];
    const stored = openStoreView(dataDir);
    const clock = createFakeClock();
    let left: string[] | undefined;
    const isOver = waitForEnds(stored, { clock, limitMs: 60_000 }).then((found) => {
      left = found;
    });
    const pendingNotice = { kind: 'cancelled' } as const;
    await store.finish(failed, { state: 'cancelled', finishedAtMs: 3, pendingNotice });
    await keepClip(store, done, { clip, atMs: 2 });
    await store.finish(done, { state: 'done', finishedAtMs: 3 });
    await clock.advance(10_000);
    expect([left, stored.unfinished()]).toEqual([undefined, [`${failed} cancelled`]]);
    await store.notified(failed);
    await clock.advance(1_000);
    await isOver;
    expect(left).toEqual([]);
    stored.close();
  });

  it('wait no longer than told, and name the jobs that have no end', async () => {
    const { dataDir, add } = await setUp();
    const id = await add('m1');
    const stored = openStoreView(dataDir);
    const clock = createFakeClock();
    const left = waitForEnds(stored, { clock, limitMs: 60_000 });
    await clock.advance(61_000);
    expect(await left).toEqual([`${id} queued`]);
    stored.close();
  });
});

it('times decide how a soak ends but where it is told that the machine has other work', () => {
  expect(readSoakOptions(['--engine', 'bullmq', '--jobs', '30'])).toMatchObject({ isBusy: false, engine: 'bullmq' });
  expect(readSoakOptions(['--busy'])).toMatchObject({ isBusy: true, goal: { what: 'interactions', count: 200 } });
});

it('people of a soak wait for a clip, and take no preview for one', async () => {
  let tell = (_: Change) => {};
  const message = messageOf('m1', 'Step 1');
  const original = () => message;
  const handle = { id: 'i1', acknowledged: Promise.resolve({ latencyMs: 1 }), original, messages: () => [message] };
  const discord = {
    createUser: () => ({ id: 'u1' }),
    openDm: () => 'd1',
    onChange: (listener: typeof tell) => {
      tell = listener;
    },
    invoke: () => ({ ...handle, userId: 'u1' }),
    registeredCommands: () => [],
  } as unknown as FakeDiscord;
  const stored = { messages: () => new Map(), stateOf: () => undefined };
  // A seed with which the first thing that anybody does is /animate.
  const people = createSoakPeople(discord, { seed: 6, picture: Buffer.from('picture'), stored });
  await people.act(0);
  expect(people.done()).toEqual({ interactions: 1, jobs: 1 });
  const show = (filename: string) =>
    tell({ kind: 'message-update', message: messageOf('m1', '', [filename]), visibleTo: null });
  show('preview-0badcafe-1.webp');
  await settle();
  expect(people.jobs()).toHaveLength(1);
  show('kinora-0badcafe-seed7.mp4');
  await people.settled();
  expect(people.jobs()).toHaveLength(0);
});
