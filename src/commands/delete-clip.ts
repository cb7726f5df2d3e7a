import { type ButtonInteraction, MessageFlags, Routes } from 'discord.js';
import { isMessageGone } from '../bot/discord-errors.ts';
import { UserError } from '../errors.ts';
import { sleep } from '../util/clock.ts';
import { acknowledge, mayCancel } from './cancel.ts';
import type { ButtonAction } from './command.ts';

/** How long the deletion waits for the answer to the press, whose time is 3 s. */
const headStartMs = 1_000;

/** 🗑️: takes the clip away, for its requester and for moderators. */
export const deleteClip = {
  action: 'delete',
  async execute(interaction, jobId, { jobs, clock }) {
    const job = await jobs.find(jobId);
    if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
    if (!mayCancel(interaction, job)) throw new UserError('not-yours', 'Only requester and moderators can delete.');
    const answered = acknowledge(interaction);
    // Discord may take no answer for a message that is gone, so the answer has a head start; but no more than that.
    await Promise.race([answered, sleep(clock, headStartMs)]);
    await takeAway(interaction, answered);
  },
} satisfies ButtonAction;

/**
 * Deletes the message that the button is on: by the bot's own right where it knows the channel, whatever became of the
 * answer, else by the press's token, which Discord takes only after one. What is closed one way may be open the other.
 */
async function takeAway(interaction: ButtonInteraction, answered: Promise<void>): Promise<void> {
  const { applicationId, channelId, client, message, token } = interaction;
  const byChannel = () => client.rest.delete(Routes.channelMessage(channelId, message.id));
  const byToken = async () => {
    await answered;
    await client.rest.delete(Routes.webhookMessage(applicationId, token, '@original'), { auth: false });
  };
  // To the channel's routes, ephemeral messages do not exist.
  const isEphemeral = message.flags.has(MessageFlags.Ephemeral);
  const ways = client.channels.cache.has(channelId) ? [byChannel, byToken] : [byToken, byChannel];
  await firstOf(isEphemeral ? [byToken] : ways);
}

/** Tries the ways in turn; that the message is gone already is as good. */
async function firstOf(ways: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const [index, way] of ways.entries()) {
    try {
      await way();
      return;
    } catch (error) {
      if (isMessageGone(error)) return;
      if (index === ways.length - 1) throw error;
    }
  }
}
