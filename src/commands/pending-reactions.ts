import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { FactStore } from '../storage/facts.ts';
import { type ReactionRequest, uniqueKeyOf } from './enqueue-from-reaction.ts';

const pendingSchema = z.object({
  request: z.object({
    place: z.object({
      guildId: z.string().nullable(),
      channelId: z.string().nullable(),
      parentId: z.string().nullable(),
      isThread: z.boolean(),
      isLocked: z.boolean(),
      isPrivateToOthers: z.boolean(),
      isAgeRestricted: z.boolean(),
    }),
    channelId: z.string(),
    messageId: z.string(),
    userId: z.string(),
    locale: z.string(),
  }),
  /** Of the first answer: posted again with it within some minutes, Discord gives the one that is there. */
  nonce: z.string(),
  /** The first answer, once that is known. */
  answerId: z.string().exactOptional(),
});

/** A reaction that is answered, or is about to be, and is no job yet. */
export interface PendingReaction extends z.output<typeof pendingSchema> {
  request: ReactionRequest;
}

/** Keeps what is promised by a first answer until there is a job behind it, also over the end of the process. */
export interface PendingReactions {
  /** Before the first answer is posted. */
  begin(request: ReactionRequest): Promise<PendingReaction>;
  answered(pending: PendingReaction, answerId: string): Promise<void>;
  /** There is a job, or the answer says why there is none. */
  end(pending: PendingReaction): Promise<void>;
  /** Those of earlier processes. */
  leftOver(): Promise<PendingReaction[]>;
}

const prefix = 'reaction-pending ';

/** Pending reactions in the open database. */
export function createPendingReactions(facts: Pick<FactStore, 'set' | 'remove' | 'list'>): PendingReactions {
  const keyOf = ({ request }: PendingReaction) => prefix + uniqueKeyOf(request);
  const keep = (pending: PendingReaction) => facts.set(keyOf(pending), JSON.stringify(pending));
  return {
    async begin(request) {
      const pending = { request, nonce: freshNonce() };
      await keep(pending);
      return pending;
    },
    answered: (pending, answerId) => keep({ ...pending, answerId }),
    end: (pending) => facts.remove(keyOf(pending)),
    async leftOver() {
      const stored = await facts.list(prefix);
      return stored.map(({ value }) => pendingSchema.parse(JSON.parse(value)));
    },
  };
}

/** Ties the tries of one post together. Discord takes 25 characters. */
export function freshNonce(): string {
  return randomBytes(12).toString('hex');
}
