import { z } from 'zod';

const schema = z.object({
  applicationId: z.string(),
  channelId: z.string(),
  /** The bot's answer, which shows the job's state and ends as the clip. */
  messageId: z.string(),
  userId: z.string(),
  /** Edits without permissions while it lives; never logged. */
  token: z.string(),
  tokenExpiresAtMs: z.number(),
  /** Whether the bot itself may post in the channel, so that a job can outlive the token. */
  hasChannelRoute: z.boolean(),
  /** Whether the answer is for the requester's eyes alone: then it must never be said again for all to see. */
  isEphemeral: z.boolean().default(false),
  locale: z.string(),
});

/** Where a job's news goes. Kept with the job, so that it survives a restart. */
export type ReplyAddress = z.output<typeof schema>;

/** Reads the address that a stored job carries. */
export function parseReplyAddress(address: unknown): ReplyAddress {
  return schema.parse(address);
}
