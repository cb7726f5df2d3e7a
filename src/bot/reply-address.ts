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
  /** Whether the clip is hidden until somebody clicks it, as the picture was that it is made of. */
  isSpoiler: z.boolean().default(false),
  /** Discord leaves it out of some interactions; English then. */
  locale: z
    .string()
    .nullish()
    .transform((locale) => locale ?? 'en-US'),
});

/** Where a job's news goes. Kept with the job, so that it survives a restart. */
export type ReplyAddress = z.output<typeof schema>;

/**
 * Makes an address of what an interaction said, or reads the one that a stored job carries: what passes here when a job is
 * accepted passes later too.
 * @throws z.ZodError something is missing without which no answer can be brought
 */
export function parseReplyAddress(address: unknown): ReplyAddress {
  return schema.parse(address);
}
