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
  let timer: { atMs: number; cancel: () => void } | undefined;

  /** Forgets what is older than the window. */
  function spentLately(key: string | undefined): readonly number[] {
    const windowMs = key === undefined ? totalWindowMs : channelWindowMs;
    const all = spent.get(key) ?? [];
    const old = all.findIndex((atMs) => clock.now() - atMs < windowMs);
    if (old === 0 || all.length === 0) return all;
    const recent = old < 0 ? [] : all.slice(old);
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

  function spend(channelId: string | undefined): void {
    for (const key of spent.keys()) spentLately(key);
    for (const key of new Set([undefined, channelId])) spent.set(key, [...spentLately(key), clock.now()]);
  }

  function wakeIn(delayMs: number): void {
    const atMs = clock.now() + delayMs;
    if (timer && timer.atMs <= atMs) return;
    timer?.cancel();
    timer = { atMs, cancel: clock.after(delayMs, serve) };
  }

  /** Of those whose channel has room the one with the smallest rank, the first of several; else when a channel has room. */
  function next(): { request: EditRequest } | { inMs: number } {
    const rooms = new Map<string | undefined, number>([[undefined, 0]]);
    let best: { request: EditRequest; rank: number } | undefined;
    let inMs = Number.POSITIVE_INFINITY;
    for (const request of waiting) {
      const { channelId } = request;
      const room = rooms.get(channelId) ?? roomInMs(channelId);
      rooms.set(channelId, room);
      inMs = Math.min(inMs, room);
      if (room > 0) continue;
      const rank = request.rank();
      if (best === undefined || rank < best.rank) best = { request, rank };
    }
    return best ?? { inMs };
  }

  function serve(): void {
    timer?.cancel();
    timer = undefined;
    while (waiting.size > 0) {
      // Thousands may wait: while there is no room in all nobody is looked at.
      const inAllMs = roomInMs(undefined);
      const found = inAllMs > 0 ? { inMs: inAllMs } : next();
      if ('inMs' in found) {
        wakeIn(found.inMs);
        return;
      }
      waiting.delete(found.request);
      if (found.request.edit()) spend(found.request.channelId);
    }
  }

  return {
    request(request) {
      const { channelId } = request;
      waiting.add(request);
      // Thousands may ask at once: where there is no room for this one nobody is looked at.
      const inMs = Math.max(roomInMs(undefined), channelId === undefined ? 0 : roomInMs(channelId));
      if (inMs > 0) wakeIn(inMs);
      else serve();
      return () => void waiting.delete(request);
    },
    spend,
  };
}
