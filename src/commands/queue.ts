import {
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  type BaseInteraction,
  InteractionContextType,
  MessageFlags,
} from 'discord.js';
import { UserError } from '../errors.ts';
import type { ButtonAction, Command, CommandContext } from './command.ts';
import { mayCancel } from './may-cancel.ts';
import { type QueueScope, queueScopes, queueView } from './queue-view.ts';
import { described, named, textsFor } from './speak.ts';

/** `/queue [show]`: what runs and waits, for the one who asks alone, with Cancel on what they may end. */
export const queue = {
  name: 'queue',
  declare: () => ({
    name: 'queue',
    ...described((texts) => texts.queue.description),
    contexts: [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel],
    integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
    options: [
      {
        type: ApplicationCommandOptionType.String,
        name: 'show',
        ...described((texts) => texts.queue.scope),
        choices: queueScopes.map((scope) => ({ ...named((texts) => texts.queue.scopes[scope]), value: scope })),
      },
    ],
  }),
  async execute(interaction, context) {
    const scope = queueScopes.find((name) => name === interaction.options.getString('show')) ?? 'mine';
    await interaction.reply({ ...listFor(interaction, scope, context), flags: MessageFlags.Ephemeral });
  },
} satisfies Command;

/** The Cancel buttons of the list; the list then shows what is left. */
export const queueButtons: readonly ButtonAction[] = queueScopes.map((scope) => ({
  action: `queue-cancel-${scope}`,
  async execute(interaction, jobId, context) {
    const job = context.jobs.find(jobId);
    if (job === undefined) throw new UserError('job-unknown', 'That job is not known.');
    // The list is the viewer's own, but they may have lost the right since it was made.
    if (!mayCancel(interaction, job)) throw new UserError('not-yours', 'Only requester and moderators can cancel.');
    const outcome = context.jobs.cancel(jobId);
    await interaction.update(listFor(interaction, scope, context));
    if (outcome !== 'cancelled') throw new UserError('too-late', 'The job has ended already.');
  },
}));

function listFor(viewer: BaseInteraction, scope: QueueScope, { jobs, guildSettings }: CommandContext) {
  return queueView({ overview: jobs.overview(), scope, viewer, texts: textsFor(viewer, guildSettings) });
}
