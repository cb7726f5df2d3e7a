import { channelObject, channelType, seesThread } from './channel-objects.ts';
import { intent } from './gateway-codes.ts';
import { permission } from './permissions.ts';
import { refuse } from './refusal.ts';
import type { StoredChannel, World } from './world.ts';

/*
 * What may be done in archived and locked threads, by https://docs.discord.com/developers/topics/threads: "only active threads
 * can be manipulated. Users cannot edit messages, add reactions, use application commands, or join archived threads. …
 * Sending a message will automatically unarchive the thread, unless the thread has been locked by a moderator." In locked
 * threads nobody without MANAGE_THREADS creates or updates messages; deleting and reactions need the thread to be active.
 */

/**
 * A new message is on its way into the channel; it wakes an archived thread.
 * @throws Refusal 400/160005 in a locked thread, 400/50008 in a forum, whose posts are threads.
 */
export function admitMessage(world: World, channel: StoredChannel): void {
  if (channel.type === channelType.forum || channel.type === channelType.media) throw refuse('notTextChannel');
  if (isLocked(channel)) throw refuse('threadLocked');
  if (channel.thread?.archived) setThreadState(world, channel, { archived: false });
}

/** @throws Refusal 400/50083 for an edit in an archived thread, 400/160005 in a locked one. */
export function admitEdit(channel: StoredChannel): void {
  if (channel.thread?.archived) throw refuse('threadArchived');
  if (isLocked(channel)) throw refuse('threadLocked');
}

/** @throws Refusal 400/50083 for a reaction in an archived thread. */
export function admitReaction(channel: StoredChannel): void {
  if (channel.thread?.archived) throw refuse('threadArchived');
}

/** @throws Refusal 400/50083 for a deletion in a thread that is archived and locked. */
export function admitDelete(channel: StoredChannel): void {
  if (channel.thread?.archived && isLocked(channel)) throw refuse('threadArchived');
}

function isLocked({ thread, botPermissions }: StoredChannel): boolean {
  return thread?.locked === true && (botPermissions & permission.manageThreads) === 0n;
}

/** Changes a thread's state and tells the bot: "Thread Update … contains the full channel object", known or not. */
export function setThreadState(
  world: World,
  channel: StoredChannel,
  { archived, locked }: { archived?: boolean; locked?: boolean },
): void {
  const thread = channel.thread;
  if (!thread) return;
  if (locked !== undefined) thread.locked = locked;
  if (archived !== undefined && archived !== thread.archived) {
    thread.archived = archived;
    thread.archiveChangedAt = new Date(world.now()).toISOString();
    world.changes.emit({ kind: 'channels' });
  }
  // What the client never heard of stays so: this is how a thread is unknown to it although messages arrive.
  if (channel.kind !== 'guild' || !thread.announced || !seesThread(channel)) return;
  world.dispatches.emit({
    event: 'THREAD_UPDATE',
    intent: intent.guilds,
    data: () => channelObject(world, channel),
  });
}
