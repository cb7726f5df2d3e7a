import {
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  type BaseInteraction,
  InteractionContextType,
  MessageFlags,
} from 'discord.js';
import { parseReplyAddress } from '../bot/reply-address.ts';
import { UserError } from '../errors.ts';
import { mayCancel } from './cancel.ts';
import type { ButtonAction, Command, CommandContext, MessageButton } from './command.ts';
import { addressOf, deferred, tokenLifeMs } from './enqueue-from-interaction.ts';
import { localeOf, localizedDescription, localizedName, messagesFor } from './i18n.ts';
import { fetchAction, type QueueScope, queueScopes, queueView, refreshAction } from './queue-view.ts';

/** `/queue [show]`: what runs and waits, for the one who asks alone, with Cancel on what they may end. */
export const queue = {
  name: 'queue',
  declare: () => ({
    name: 'queue',
    ...localizedDescription((messages) => messages.queue.description),
    contexts: [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel],
    integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
    options: [
      {
        type: ApplicationCommandOptionType.String,
        name: 'show',
        ...localizedDescription((messages) => messages.queue.scope),
        choices: queueScopes.map((scope) => ({
          ...localizedName((messages) => messages.queue.scopes[scope]),
          value: scope,
        })),
      },
    ],
  }),
  async execute(interaction, context) {
    const scope = queueScopes.find((name) => name === interaction.options.getString('show')) ?? 'mine';
    await interaction.reply({ ...(await listFor(interaction, scope, context)), flags: MessageFlags.Ephemeral });
  },
} satisfies Command;

/** The Cancel buttons of the list; the list then shows what is left. */
const cancelButtons: readonly ButtonAction[] = queueScopes.map((scope) => ({
  action: `queue-cancel-${scope}`,
  async execute(interaction, jobId, context) {
    const job = await context.jobs.find(jobId);
    if (job === undefined) {
      await interaction.update(await listFor(interaction, scope, context));
      throw new UserError('job-unknown', 'That job is not known.');
    }
    // The list is the viewer's own, but they may have lost the right since it was made.
    if (!mayCancel(interaction, job)) throw new UserError('not-yours', 'Only requester and moderators can cancel.');
    const outcome = await context.jobs.cancel(jobId);
    await interaction.update(await listFor(interaction, scope, context));
    if (outcome !== 'cancelled') throw new UserError('too-late', 'The job has ended already.');
  },
}));

/** Brings a clip that could be posted nowhere to its requester, who alone sees it, as the answer to the button. */
const fetchButton = {
  action: fetchAction,
  async execute(interaction, jobId, context) {
    const job = await context.jobs.find(jobId);
    if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
    if (job.userId !== interaction.user.id) throw new UserError('not-yours', 'Only its requester gets the clip.');
    const tokenExpiresAtMs = context.clock.now() + tokenLifeMs;
    const answer = await deferred(interaction, { flags: MessageFlags.Ephemeral });
    const address = addressOf(interaction, {
      tokenExpiresAtMs,
      isEphemeral: true,
      isSpoiler: parseReplyAddress(job.address).isSpoiler,
      hasChannelRoute: false,
      messageId: answer.id,
      channelId: interaction.channelId ?? answer.channelId,
      locale: await localeOf(interaction, context.guildSettings),
    });
    if (!(await context.jobs.redeliver(jobId, address)))
      throw new UserError('clip-expired', 'The clip is not kept any more.');
  },
} satisfies ButtonAction;

/** The list once more, as it is by now: it does not change by itself. */
export const refreshButtons: readonly MessageButton[] = queueScopes.map((scope) => ({
  action: refreshAction(scope),
  async execute(interaction, context) {
    await interaction.update(await listFor(interaction, scope, context));
  },
}));

/** The buttons of the list that are about a job. */
export const queueButtons: readonly ButtonAction[] = [...cancelButtons, fetchButton];

async function listFor(viewer: BaseInteraction, scope: QueueScope, { jobs, guildSettings, clock }: CommandContext) {
  return queueView({
    scope,
    viewer,
    undelivered: await jobs.undelivered(viewer.user.id),
    messages: await messagesFor(viewer, guildSettings),
    overview: jobs.overview(),
    nowMs: clock.now(),
  });
}
