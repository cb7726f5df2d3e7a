import { setTimeout as delay } from 'node:timers/promises';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import type { ComponentRequest, FakeDiscord, FileInput, InteractionHandle } from '../../src/fake-discord/types.ts';
import { jobOfClip, type StoreView } from './job-counts.ts';
import { createLatencies, type Latencies } from './latencies.ts';
import { createRandom } from './random.ts';

/** A clip that somebody waits for. A reaction is no interaction: it has no id. */
export interface SoakJob {
  id?: string;
  userId: string;
  /** By what it was asked for. */
  door: string;
  original(): ApiMessage | undefined;
  /** Whatever was said of it: its message, and words beside it that nobody else sees. */
  messages(): ApiMessage[];
}

/** Buttons under a clip that lead to another, or to words at once. */
const clipButtons = ['again', 'extend', 'loop', 'smooth', 'settings'] as const;

/** Forty people who use every door of the bot. */
export interface SoakPeople {
  /** One interaction; resolves when it is answered. */
  act(index: number): Promise<void>;
  /** Waits until fewer than so many jobs are under way. */
  fewerUnderWay(limit: number): Promise<void>;
  /** The jobs that are under way. */
  jobs(): readonly SoakJob[];
  /** How much they did so far. */
  done(): { interactions: number; jobs: number };
  /** Nobody presses Cancel of that job. */
  spare(jobId: string): void;
  /** Resolves with the next clip that is posted. */
  nextClip(): Promise<void>;
  /** The bot's log says that a job ended; where its message is gone, nobody is told of a cancelled one. */
  ended(jobId: string, state: string): void;
  /** Every interaction so far has been answered, and its job is stored. */
  answered(): Promise<void>;
  /** Of every job that somebody asked for they have seen the end, or not in time. */
  settled(): Promise<void>;
  /** Jobs of whose end nobody heard in time; a line each. */
  timedOut(): readonly string[];
  /** With the limit from which on an answer is slow, in milliseconds. */
  latencies(limitMs: number): Latencies & { unanswered: number };
  doorsUsed(): string;
  summary(): string;
}

/** However busy the machine is, and with outages and processes that hang in between. */
const patienceMs = 300_000;

/** Whether nothing more comes: a clip, or words that end the matter. */
function isOver(message: ApiMessage): boolean {
  return hasClip(message) || /⚠️|🚫/u.test(message.content);
}

/** Not that of a preview, which shows how far a clip has come. */
function hasClip({ attachments }: ApiMessage): boolean {
  return attachments.some(({ filename }) => jobOfClip(filename) !== undefined);
}

/** What {@link createSoakPeople} works with. */
export interface SoakPeopleOptions {
  seed: number;
  picture: Uint8Array;
  /** What the bot's store says. */
  stored: Pick<StoreView, 'messages' | 'stateOf'>;
}

/** People whose wishes follow from the seed. */
export function createSoakPeople(discord: FakeDiscord, { seed, picture, stored }: SoakPeopleOptions): SoakPeople {
  const random = createRandom(seed);
  const users = Array.from({ length: 40 }, (_, index) => {
    return discord.createUser(`person${index}`, { locale: index % 3 === 0 ? 'es-ES' : 'en-US' }).id;
  });
  const image: FileInput = { name: 'rocket.jpg', bytes: picture };
  const broken: FileInput = { name: 'note.png', bytes: Buffer.from('not a picture') };
  /** Jobs that are not over, and how to say that they are. */
  const underWay = new Map<SoakJob, () => void>();
  /** Messages that carry a clip. */
  const clips = new Set<string>();
  /** Who waits for an answer to their reaction, by the message under which it is. */
  const reactions = new Map<string, (answerId: string) => void>();
  /** By job, the message in which the bot tells of it, also when it is gone. */
  const messageIds = new Map<SoakJob, string>();
  /** Jobs of which the bot says that they were cancelled. */
  const cancelled = new Set<SoakJob>();
  const spared = new Set<string>();
  const clipWaiters: (() => void)[] = [];
  let acts = 0;
  let asked = 0;
  const ends = new Set<Promise<void>>();
  const answers: Promise<void>[] = [];
  const latencies = createLatencies();
  const doors = new Map<string, number>();
  let unanswered = 0;
  const timedOut: string[] = [];
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const hasMenu = () => discord.registeredCommands().some(({ name, type }) => name === 'Animate' && type === 3);

  function use(door: string, handle: InteractionHandle): Promise<void> {
    doors.set(door, (doors.get(door) ?? 0) + 1);
    const answer = handle.acknowledged.then(
      ({ latencyMs }) => latencies.note(door, latencyMs),
      () => void unanswered++,
    );
    answers.push(answer);
    return answer;
  }

  // One listener for all: a search through every message at every change would be the heaviest thing here.
  const directChannels = new Map(users.map((id) => [discord.openDm(id), id]));
  /** By job, as its Cancel button says it: clips are called after it. */
  const idOf = new Map<SoakJob, string>();

  /** The job that a message is the end of. */
  function endedBy(message: ApiMessage): SoakJob | undefined {
    const jobs = [...underWay.keys()];
    const own = jobs.find((job) => job.messages().some(({ id }) => id === message.id));
    if (own) return own;
    const clipIds = message.attachments.flatMap(({ filename }) => jobOfClip(filename) ?? []);
    const byName = clipIds.length > 0 && jobs.find((job) => clipIds.includes(jobIdOf(job) ?? ''));
    if (byName) return byName;
    // Words by direct message: of a job of this person whose own message is gone, or goes.
    const userId = directChannels.get(message.channel_id);
    const theirs = jobs.filter((job) => job.userId === userId);
    return theirs.find((job) => job.original() === undefined) ?? theirs[0];
  }

  /** Which job a message is of, while both are there: by its Cancel button, or before it has one by what the bot stored. */
  function noteJob(message: ApiMessage | undefined): void {
    if (message === undefined) return;
    const job = [...underWay.keys()].find((candidate) => candidate.original()?.id === message.id);
    if (job === undefined) return;
    messageIds.set(job, message.id);
    const id = JSON.stringify(message.components ?? []).match(/cancel:([0-9a-f]{8})/)?.[1];
    if (id) idOf.set(job, id);
  }

  /** What a job is called, also of one whose message went before it had a Cancel button. */
  function jobIdOf(job: SoakJob): string | undefined {
    const id = idOf.get(job) ?? stored.messages().get(messageIds.get(job) ?? '');
    if (id !== undefined) idOf.set(job, id);
    return id;
  }

  discord.onChange((change) => {
    if (change.kind === 'message-delete') {
      for (const job of cancelled) endUnheard(job);
      // Asked now: when the clip is there, the store names the message that carries it.
      for (const [job, messageId] of messageIds) if (messageId === change.messageId) jobIdOf(job);
    }
    if (change.kind !== 'message-create' && change.kind !== 'message-update') return;
    const { message } = change;
    noteJob(message);
    const { message_reference: reference } = message;
    const isReply = change.kind === 'message-create' && typeof reference === 'object' && reference !== null;
    if (isReply && 'message_id' in reference) reactions.get(String(reference.message_id))?.(message.id);
    if (!isOver(message)) return;
    if (hasClip(message)) {
      clips.add(message.id);
      for (const hear of clipWaiters.splice(0)) hear();
    }
    const ended = endedBy(message);
    if (ended) underWay.get(ended)?.();
  });

  /** A cancelled job whose message somebody took away: nobody is told. */
  function endUnheard(job: SoakJob): void {
    if (job.original() === undefined) underWay.get(job)?.();
  }

  /** Follows a job until it is over: in its own message, beside it, or by direct message. */
  function follow(handle: SoakJob): void {
    asked++;
    const end = new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        const [job = 'unknown', words] = [idOf.get(handle), handle.original()?.content];
        timedOut.push(
          `${job} of ${handle.door}, ${stored.stateOf(job)}: ${words === undefined ? 'message gone' : `"${words}"`}`,
        );
        resolve();
      }, patienceMs);
      underWay.set(handle, () => {
        clearTimeout(timer);
        resolve();
      });
    }).then(() => {
      underWay.delete(handle);
      idOf.delete(handle);
      messageIds.delete(handle);
      cancelled.delete(handle);
      ends.delete(end);
    });
    ends.add(end);
    noteJob(handle.original());
    if (handle.messages().some(isOver)) underWay.get(handle)?.();
  }

  async function ask(door: string, user: string): Promise<void> {
    const options = { seed: Math.floor(random() * 2 ** 32) };
    const attachments = { image };
    const handle =
      door === 'message command'
        ? discord.invokeMessageCommand({
            command: 'Animate',
            user,
            targetMessageId: discord.postMessage({ attachments: [image], user }).id,
          })
        : discord.invoke({
            command: 'animate',
            attachments,
            options,
            user,
            ...(door === '/animate in a DM' && { place: 'dm' }),
          });
    await use(door, handle);
    follow({ ...handle, door });
  }

  /** Resolves when the bot has answered the message, as it does at once. */
  async function react(userId: string): Promise<void> {
    const { id: messageId } = discord.postMessage({ attachments: [image], user: userId });
    doors.set('reaction', (doors.get('reaction') ?? 0) + 1);
    const answer = new Promise<string>((resolve) => reactions.set(messageId, resolve));
    discord.react({ messageId, emoji: '🎬', user: userId });
    const answerId = await answer;
    reactions.delete(messageId);
    const original = () => discord.message(answerId);
    follow({ door: 'reaction', userId, original, messages: () => [original() ?? []].flat() });
  }

  /** A button under a clip that is still there; false where there is none. */
  async function pressUnderClip(user: string): Promise<boolean> {
    const clip = discord.message([...clips].at(-1 - Math.floor(random() * 5)) ?? '');
    const action = pick(clipButtons);
    const customId = JSON.stringify(clip?.components ?? []).match(new RegExp(`${action}:[0-9a-f]{8}`))?.[0];
    if (clip === undefined || customId === undefined) return false;
    const request: ComponentRequest = { messageId: clip.id, customId, user };
    const handle = discord.clickButton(request);
    await use(`button ${action}`, handle);
    // Refused, because it is smooth already or a limit holds: whispered beside the clip, and nothing follows.
    const messages = () => handle.messages().filter(({ id }) => id !== clip.id);
    const job = { id: handle.id, door: `button ${action}`, userId: user, original: () => messages()[0], messages };
    if (action !== 'settings') follow(job);
    return true;
  }

  return {
    jobs: () => [...underWay.keys()],
    done: () => ({ interactions: acts, jobs: asked }),
    spare: (jobId) => void spared.add(jobId),
    nextClip: () => new Promise((resolve) => clipWaiters.push(resolve)),
    ended(jobId, state) {
      if (state !== 'cancelled') return;
      const messageId = [...stored.messages()].find(([, id]) => id === jobId)?.[0];
      const job = [...underWay.keys()].find((each) => idOf.get(each) === jobId || messageIds.get(each) === messageId);
      if (job === undefined) return;
      cancelled.add(job);
      endUnheard(job);
    },
    async act(index) {
      acts++;
      const dice = random();
      const user = pick(users);
      const job = [...underWay.keys()].find(
        (handle) => handle.original()?.components.length && !spared.has(idOf.get(handle) ?? ''),
      );
      const cancelId = JSON.stringify(job?.original()?.components ?? []).match(/cancel:[0-9a-f]{8}/)?.[0];
      if (dice < 0.16 && job && cancelId) {
        const isOwn = dice < 0.1;
        const press = { messageId: job.original()!.id, customId: cancelId, user: isOwn ? job.userId : user };
        await use(isOwn ? 'Cancel' : 'Cancel of another', discord.clickButton(press));
      } else if (dice < 0.2) {
        await use(
          'a file that is no picture',
          discord.invoke({ command: 'animate', attachments: { image: broken }, user }),
        );
      } else if (dice > 0.8 && (await pressUnderClip(user))) {
        return;
      } else if (dice > 0.7) {
        await react(user);
      } else if (index % 3 === 1 && hasMenu()) {
        await ask('message command', user);
      } else {
        await ask(dice < 0.35 ? '/animate in a DM' : '/animate', user);
      }
    },
    async fewerUnderWay(limit) {
      while (underWay.size >= limit) await Promise.race(ends);
    },
    async answered() {
      await Promise.all(answers);
      // An answer says no more than that the bot is at it: killed before it has stored the job, it has accepted nothing.
      const isStored = (job: SoakJob) => jobIdOf(job) !== undefined;
      while ([...messageIds.keys()].some((job) => !isStored(job))) await delay(50);
    },
    async settled() {
      await Promise.all(ends);
    },
    timedOut: () => timedOut,
    latencies: (limitMs) => ({ ...latencies.summary(limitMs), unanswered }),
    doorsUsed: () => [...doors].map(([door, times]) => `${door} ${times}`).join(', '),
    summary: () => `${underWay.size} jobs under way, ${latencies.count()} interactions answered`,
  };
}
