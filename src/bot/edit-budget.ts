import type { Clock } from '../util/clock.ts';

/** Somebody who wants to edit a message that follows a job. */
interface EditRequest {
  /** Where the edit counts by Discord's rules; undefined where it goes by an interaction's token. */
  channelId: string | undefined;
  /** Who goes first: the smaller the earlier, asked when there is room. */
  rank: () => number;
  /** Sends what is to be shown by now; false where that is nothing any more. */
  edit: () => boolean;
}

/** Spreads edits of status messages over time, so that clips and answers never wait behind them at Discord's limits. */
export interface EditBudget {
  /** Calls `edit` once, at once where there is room, else when there is. Returns how to take the request back. */
  request(request: EditRequest): () => void;
  /** Something that does not wait goes out: it takes its part of the room. */
  spend(channelId: string | undefined): void;
}

/** Discord's window for edits and messages of one channel, in milliseconds. */
const channelWindowMs = 5_000;

/** Of the 5 calls that Discord takes of a channel in that window: two are left for clips and final notices. */
const statusPerChannel = 3;

const totalWindowMs = 1_000;

/** Of the 50 calls that Discord takes in a second in all, and that discord.js counts edits by tokens against as well. */
const statusInAll = 25;

/** A budget of which nothing is spent. */
export function createEditBudget(clock: Clock): EditBudget {
  /** In the order of asking. */
  const waiting = new Set<EditRequest>();
  /** When calls went out, oldest first, by channel, and in all under `undefined`. */
  const spent = new Map<string | undefined, number[]>();
  let cancelTimer: (() => void) | undefined;

  /** Forgets what is older than the window. */
  function spentLately(key: string | undefined): number[] {
    const windowMs = key === undefined ? totalWindowMs : channelWindowMs;
    const recent = (spent.get(key) ?? []).filter((atMs) => clock.now() - atMs < windowMs);
    if (recent.length > 0) spent.set(key, recent);
    else spent.delete(key);
    return recent;
  }

  /** In how many milliseconds there is room. */
  function roomInMs(key: string | undefined): number {
    const [limit, windowMs] = key === undefined ? [statusInAll, totalWindowMs] : [statusPerChannel, channelWindowMs];
    const recent = spentLately(key);
    const inTheWay = recent[recent.length - limit];
    return inTheWay === undefined ? 0 : inTheWay + windowMs - clock.now();
  }

  function waitMs({ channelId }: EditRequest): number {
    const inAll = roomInMs(undefined);
    return channelId === undefined ? inAll : Math.max(inAll, roomInMs(channelId));
  }

  function spend(channelId: string | undefined): void {
    for (const key of spent.keys()) spentLately(key);
    for (const key of new Set([undefined, channelId])) spent.set(key, [...spentLately(key), clock.now()]);
  }

  function serve(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    for (;;) {
      const ready = [...waiting].filter((request) => waitMs(request) <= 0);
      if (ready.length === 0) break;
      // The first of those with the smallest rank: the sort is stable.
      const next = ready.sort((a, b) => a.rank() - b.rank())[0]!;
      waiting.delete(next);
      if (next.edit()) spend(next.channelId);
    }
    if (waiting.size > 0) cancelTimer = clock.after(Math.min(...[...waiting].map(waitMs)), serve);
  }

  return {
    request(request) {
      waiting.add(request);
      serve();
      return () => void waiting.delete(request);
    },
    spend,
  };
}
