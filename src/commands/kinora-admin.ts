import {
  type APIApplicationCommandBasicOption,
  type APIApplicationCommandSubcommandOption,
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  type ChatInputCommandInteraction,
  escapeMarkdown,
  InteractionContextType,
  MessageFlags,
  TimestampStyles,
  time,
} from 'discord.js';
import type { AdminMessages } from '../bot/languages/admin-messages.ts';
import { UserError } from '../errors.ts';
import { canDraw } from '../queue/style-needs.ts';
import type { QueueMode, WorkerOverview } from '../queue/types.ts';
import { styleId } from '../settings/style.ts';
import type { HostFault } from '../storage/host-fault.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { Command, CommandContext } from './command.ts';
import { localizedDescription, messagesFor } from './i18n.ts';
import { queueView } from './queue-view.ts';

type Subcommand = keyof AdminMessages['subcommands'];

const modeOf: Partial<Record<string, QueueMode>> = { pause: 'paused', resume: 'open', drain: 'draining' };

/** `/kinora-admin`: for whoever owns the application, alone or as a member of its team. */
export const kinoraAdmin = {
  name: 'kinora-admin',
  declare: () => ({
    name: 'kinora-admin',
    ...localizedDescription((messages) => messages.admin.description),
    // Out of sight for plain members; who may use it is checked at each use.
    default_member_permissions: '0',
    // In a conversation with the bot Discord would show it to everybody.
    contexts: [InteractionContextType.Guild],
    integration_types: [ApplicationIntegrationType.GuildInstall],
    options: [
      subcommand('status'),
      subcommand('pause'),
      subcommand('resume'),
      subcommand('drain'),
      subcommand('cancel', [text('job', { required: true })]),
      subcommand('block', [user({ required: false }), text('guild', { required: false })]),
      subcommand('unblock', [user({ required: false }), text('guild', { required: false })]),
      subcommand('reset-quota', [user({ required: true })]),
    ],
  }),
  async execute(interaction, context) {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    if (!(await context.operator.isOperator(interaction.user.id))) {
      throw new UserError('operators-only', 'Only the owner of the application may do this.');
    }
    await interaction.editReply(await answerTo(interaction, context));
  },
} satisfies Command;

async function answerTo(interaction: ChatInputCommandInteraction, context: CommandContext) {
  const { jobs, operator } = context;
  const { admin: messages } = await messagesFor(interaction, context.guildSettings);
  const { options } = interaction;
  const name = options.getSubcommand();
  switch (name) {
    case 'cancel': {
      const id = options.getString('job', true).trim().toLowerCase();
      const outcome = await jobs.cancel(id);
      if (outcome === 'unknown') throw new UserError('job-unknown', 'That job is not known.');
      if (outcome === 'too-late') throw new UserError('too-late', 'The job has ended already.');
      return messages.cancelled(id);
    }
    case 'block':
    case 'unblock': {
      const isBlocked = name === 'block';
      const { kind, id, shown } = blockTarget(options);
      await operator.blocks.set(kind, id, isBlocked);
      return isBlocked ? messages.blocked(shown) : messages.unblocked(shown);
    }
    case 'reset-quota': {
      const { id } = options.getUser('user', true);
      await operator.uses.reset(id);
      return messages.quotaReset(`<@${id}>`);
    }
    default: {
      const mode = modeOf[name];
      if (mode !== undefined) await operator.setMode(mode);
      return statusOf(interaction, context);
    }
  }
}

async function statusOf(
  interaction: ChatInputCommandInteraction,
  { jobs, guildSettings, operator, model }: CommandContext,
) {
  const messages = await messagesFor(interaction, guildSettings);
  const overview = jobs.overview();
  const { content, components } = queueView({
    overview,
    undelivered: [],
    viewer: interaction,
    messages,
    scope: 'all',
  });
  const { servers, startedAtMs } = operator.status();
  const uptimeMoment = time(Math.floor(startedAtMs / 1000), TimestampStyles.RelativeTime);
  const head = [
    messages.admin.modes[overview.mode],
    ...(overview.hostFault ? [faultText(overview.hostFault, messages.admin)] : []),
    ...jobs
      .styleFaults()
      .map(({ message, sinceMs }) =>
        messages.admin.styleFault({ reason: escapeMarkdown(message), since: relative(sinceMs) }),
      ),
    messages.admin.status({ servers, uptimeMoment }),
    ...workerTexts(jobs.workers(), { messages: messages.admin, styles: model.styles }),
  ];
  return { content: [...head, content].join('\n'), components };
}

/** Lines of render processes that have room above the queue; those that are taken out come first. */
const mostWorkers = 8;

function workerTexts(
  workers: readonly WorkerOverview[],
  { messages, styles = [] }: { messages: AdminMessages; styles: ModelCapabilities['styles'] },
): string[] {
  const ordered = workers.toSorted((a, b) => Number(isOut(b)) - Number(isOut(a)));
  const lines = ordered.slice(0, mostWorkers).map((worker) => {
    const { name, lane, job, fault, unfit } = worker;
    const lacking = lane === 'render' ? styles.filter((style) => !canDraw(worker, styleId(style))) : [];
    return messages.worker({
      name: escapeMarkdown(name),
      job: job?.id,
      fault: fault && { code: fault.code, retry: relative(fault.retryAtMs ?? fault.sinceMs) },
      unfit: unfit && escapeMarkdown(unfit),
      lacking: lacking.length === 0 ? undefined : escapeMarkdown(lacking.map((style) => style.name).join(', ')),
    });
  });
  return workers.length > mostWorkers ? [...lines, messages.moreWorkers(workers.length - mostWorkers)] : lines;
}

const isOut = ({ fault, unfit }: WorkerOverview) => fault !== undefined || unfit !== undefined;

const relative = (timeMs: number) => time(Math.floor(timeMs / 1000), TimestampStyles.RelativeTime);

function faultText({ code, message, sinceMs, retryAtMs }: HostFault, messages: AdminMessages): string {
  const reason = `${escapeMarkdown(message)} (\`${code}\`)`;
  const retry = retryAtMs === undefined ? undefined : relative(retryAtMs);
  return messages.hostFault({ reason, since: relative(sinceMs), retry });
}

function blockTarget(options: ChatInputCommandInteraction['options']) {
  const [user, guild] = [options.getUser('user'), options.getString('guild')?.trim()];
  if (user && !guild) return { kind: 'user', id: user.id, shown: `<@${user.id}>` } as const;
  if (guild && !user && /^\d{17,20}$/.test(guild)) return { kind: 'guild', id: guild, shown: `\`${guild}\`` } as const;
  throw new UserError('block-target', 'Name either a user or the id of a server.');
}

function subcommand(
  name: Subcommand,
  options: APIApplicationCommandBasicOption[] = [],
): APIApplicationCommandSubcommandOption {
  return {
    type: ApplicationCommandOptionType.Subcommand,
    name,
    ...localizedDescription((messages) => messages.admin.subcommands[name]),
    options,
  };
}

function text(name: 'job' | 'guild', { required }: { required: boolean }): APIApplicationCommandBasicOption {
  const type = ApplicationCommandOptionType.String;
  return { type, name, ...localizedDescription((messages) => messages.admin.options[name]), max_length: 32, required };
}

function user({ required }: { required: boolean }): APIApplicationCommandBasicOption {
  const type = ApplicationCommandOptionType.User;
  return { type, name: 'user', ...localizedDescription((messages) => messages.admin.options.user), required };
}
