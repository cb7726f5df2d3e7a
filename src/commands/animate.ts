import {
  type APIApplicationCommandBasicOption,
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  type Attachment,
  InteractionContextType,
} from 'discord.js';
import { chooseMessages, localizations } from '../bot/languages/choose-messages.ts';
import { type AnimateOptionName, animateOptionNames } from '../bot/languages/clip-messages.ts';
import { en } from '../bot/languages/en.ts';
import type { Messages } from '../bot/languages/messages.ts';
import { costOfVariations } from '../bot/variations-view.ts';
import type { EstimatedJob, ExpectedTimes } from '../queue/render-work.ts';
import { drawnStyles } from '../queue/style-needs.ts';
import { clipForm } from '../settings/clip-form.ts';
import type { DiscordNumber } from '../settings/declaration.ts';
import { discordRange, type SettingOption, type ShownSetting, shownSettings } from '../settings/discord-options.ts';
import { imageToVideo } from '../settings/image-to-video.ts';
import { styleId } from '../settings/style.ts';
import { variationRange } from '../settings/variations.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import { betweenPictures, readAnimateOptions, type TypedOptions } from './animate-options.ts';
import type { Command } from './command.ts';
import { enqueueFromInteraction } from './enqueue-from-interaction.ts';
import { localizedDescription, localizedName } from './i18n.ts';

/** Everywhere: in servers, with the bot, and between people where a user brought the app along. */
export const everywhere = {
  contexts: [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel],
  integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
};

const shown = [...shownSettings(imageToVideo), ...shownSettings(clipForm)];

/** `/animate image:… [options]`: the picture becomes a job, and the answer becomes the clip. */
export const animate = {
  name: 'animate',
  declare: (model) => ({
    name: 'animate',
    ...localizedDescription((messages) => messages.animate.description),
    ...everywhere,
    options: animateOptionNames
      .filter((name) => name !== 'preset' || presetNames(model).length > 0)
      .filter((name) => name !== 'style' || styleNames(model).length > 0)
      .map((name) => declareOption(name, model)),
  }),
  async execute(interaction, context) {
    const { model, guildSettings } = context;
    const { options, guildId } = interaction;
    const image = options.getAttachment('image', true);
    const end = options.getAttachment('end');
    await enqueueFromInteraction(interaction, context, {
      isPrivate: options.getBoolean('private') ?? false,
      clipRequest: readAnimateOptions(
        options,
        end === null ? model : betweenPictures(model),
        await guildSettings.of(guildId),
      ),
      picture: pictureOf(image),
      ...(end !== null && { endPicture: pictureOf(end) }),
    });
  },
  async autocomplete(interaction, { model: whole, jobs, times, guildSettings }) {
    const messages = chooseMessages(interaction.locale);
    const { options, guildId } = interaction;
    const { name, value } = options.getFocused(true);
    if (name === 'variations') {
      const request = readAnimateOptions(typedSoFar(options), whole, await guildSettings.of(guildId));
      const hasEndPicture = options.get('end') === null ? {} : { hasEndPicture: true as const };
      await interaction.respond(proposeVariations(value, { ...request, ...hasEndPicture }, { messages, times }));
      return;
    }
    // Others would wait until a worker comes that has them.
    const drawn = () => drawnStyles(whole.styles ?? [], jobs.workers(), styleId);
    const model = name === 'style' ? { ...whole, styles: drawn() } : whole;
    await interaction.respond(proposeValues(value, settingOf(name as SettingOption), { messages, model }));
  },
} satisfies Command;

/** discord.js knows the flag of what is hidden; an older client says it by the name. */
export function pictureOf({ url, size, spoiler, name }: Pick<Attachment, 'url' | 'size' | 'spoiler' | 'name'>) {
  return { url, size, isSpoiler: spoiler || name.startsWith('SPOILER_') };
}

function presetNames({ presets = {} }: ModelCapabilities): string[] {
  return Object.keys(presets);
}

function styleNames({ styles = [] }: ModelCapabilities): string[] {
  return styles.map(({ name }) => name);
}

function declareOption(name: AnimateOptionName, model: ModelCapabilities): APIApplicationCommandBasicOption {
  const said = {
    name,
    name_localizations: localizations((messages) => messages.animate.options[name].name),
    ...localizedDescription((messages) => messages.animate.options[name].description),
  };
  switch (name) {
    case 'image':
      return { type: ApplicationCommandOptionType.Attachment, ...said, file_types: ['image'], required: true };
    case 'end':
      return { type: ApplicationCommandOptionType.Attachment, ...said, file_types: ['image'] };
    case 'private':
      return { type: ApplicationCommandOptionType.Boolean, ...said };
    case 'preset':
      return {
        type: ApplicationCommandOptionType.String,
        ...said,
        choices: presetNames(model).map((value) => ({
          ...localizedName((messages) => valueName('preset', value, messages)),
          value,
        })),
      };
    default:
      return { ...said, ...declareValue(settingOf(name), model) };
  }
}

function settingOf(option: SettingOption): ShownSetting {
  return shown.find(({ name }) => name === option)!;
}

/** An option's type, and what it takes. */
function declareValue({ name, type, discord }: ShownSetting, { limits }: ModelCapabilities) {
  if (type.kind === 'flag') return { type: ApplicationCommandOptionType.Boolean as const };
  // Proposed while somebody types: an operator may have more than the 25 that fit into a list, and others tomorrow.
  if (type.kind === 'style') return { type: ApplicationCommandOptionType.String as const, autocomplete: true as const };
  if (type.kind === 'name') {
    const choices = type.names.map((value) => ({
      ...localizedName((messages) => valueName(name, value, messages)),
      value,
    }));
    return { type: ApplicationCommandOptionType.String as const, choices };
  }
  const { range, named } = discord as DiscordNumber;
  const { from: min_value, to: max_value } = discordRange({ range }, limits);
  return {
    type: ApplicationCommandOptionType.Integer as const,
    min_value,
    max_value,
    ...((named !== undefined || name === 'variations') && { autocomplete: true as const }),
  };
}

/** What a value is called in a language; values without a name are what they are. */
export function valueName(option: string, value: string, { animate: { choices } }: Messages): string {
  const names: Readonly<Record<string, Readonly<Record<string, string>>>> = choices;
  return names[option]?.[value] ?? value;
}

/** As many as Discord shows. */
const mostProposals = 25;

/** The styles or named amounts that begin with what was typed, and a number that was typed. */
function proposeValues(
  typed: string,
  { name: option, type, discord }: ShownSetting,
  { messages, model }: ProposalContext,
): { name: string; value: string | number }[] {
  const sought = typed.trim().toLowerCase();
  if (type.kind === 'style') {
    const meant = styleNames(model).filter((name) => name.toLowerCase().startsWith(sought));
    return meant.slice(0, mostProposals).map((name) => ({ name, value: name }));
  }
  const { range, named = {} } = discord as DiscordNumber;
  const proposals = Object.entries(named).flatMap(([name, value]) => {
    const label = valueName(option, name, messages);
    const isMeant = [name, label, valueName(option, name, en)].some((word) => word.startsWith(sought));
    return isMeant ? [{ name: `${label} (${value})`, value }] : [];
  });
  const value = Number(sought);
  const { from, to } = discordRange({ range }, model.limits);
  const isNumber = /^\d+$/.test(sought) && value >= from && value <= to;
  return isNumber ? [{ name: sought, value }, ...proposals] : proposals;
}

/** Everything but the option that is being typed, which need not be a number yet. */
function typedSoFar(options: TypedOptions): TypedOptions {
  return {
    getInteger: (name) => (name === 'variations' ? null : options.getInteger(name)),
    getString: (name) => options.getString(name),
    getBoolean: (name) => options.getBoolean(name),
  };
}

/** How many variations can be asked for, each with what it costs of what was typed so far. */
function proposeVariations(
  typed: string,
  job: EstimatedJob,
  { messages, times }: { messages: Messages; times: ExpectedTimes },
): { name: string; value: number }[] {
  const { from, to } = variationRange;
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
    .filter((count) => `${count}`.startsWith(typed.trim()))
    .map((count) => ({
      name: messages.clip.variations.proposal(costOfVariations(job, count, times)),
      value: count,
    }));
}

/** For whom values are proposed, and for which model. */
interface ProposalContext {
  messages: Messages;
  model: ModelCapabilities;
}
