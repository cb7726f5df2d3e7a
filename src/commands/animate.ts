import {
  type APIApplicationCommandBasicOption,
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  InteractionContextType,
} from 'discord.js';
import { chooseMessages, localizations } from '../bot/languages/choose-messages.ts';
import { type AnimateOptionName, animateOptionNames } from '../bot/languages/clip-messages.ts';
import { en } from '../bot/languages/en.ts';
import type { Messages } from '../bot/languages/messages.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import { animateRanges, choiceLists, motions, type NumberOption, readAnimateOptions } from './animate-options.ts';
import type { Command } from './command.ts';
import { enqueueFromInteraction } from './enqueue-from-interaction.ts';
import { fetchPicture } from './fetch-picture.ts';
import { localizedDescription, localizedName } from './i18n.ts';

/** Everywhere: in servers, with the bot, and between people where a user brought the app along. */
export const everywhere = {
  contexts: [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel],
  integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
};

/** `/animate image:… [options]`: the picture becomes a job, and the answer becomes the clip. */
export const animate = {
  name: 'animate',
  declare: (model) => ({
    name: 'animate',
    ...localizedDescription((messages) => messages.animate.description),
    ...everywhere,
    options: animateOptionNames
      .filter((name) => name !== 'preset' || presetNames(model).length > 0)
      .map((name) => declareOption(name, model)),
  }),
  async execute(interaction, context) {
    const { model, guildSettings } = context;
    const { options, guildId } = interaction;
    const image = options.getAttachment('image', true);
    await enqueueFromInteraction(interaction, context, {
      isPrivate: options.getBoolean('private') ?? false,
      clipRequest: readAnimateOptions(options, model, (await guildSettings.of(guildId)).preset),
      fetchPicture: () => fetchPicture(image, context),
    });
  },
  async autocomplete(interaction, { model }) {
    const messages = chooseMessages(interaction.locale);
    await interaction.respond(proposeMotion(interaction.options.getFocused(), messages, animateRanges(model).motion));
  },
} satisfies Command;

function presetNames({ presets = {} }: ModelCapabilities): string[] {
  return Object.keys(presets);
}

function declareOption(name: AnimateOptionName, model: ModelCapabilities): APIApplicationCommandBasicOption {
  const said = {
    name,
    name_localizations: localizations((messages) => messages.animate.options[name].name),
    ...localizedDescription((messages) => messages.animate.options[name].description),
  };
  switch (name) {
    case 'image':
      return { type: ApplicationCommandOptionType.Attachment, ...said, required: true };
    case 'smooth':
    case 'private':
      return { type: ApplicationCommandOptionType.Boolean, ...said };
    case 'preset':
      return {
        type: ApplicationCommandOptionType.String,
        ...said,
        choices: presetNames(model).map((value) => ({
          ...localizedName((messages) => presetLabel(value, messages)),
          value,
        })),
      };
    case 'shape':
    case 'fit':
    case 'loop':
    case 'format':
      return { type: ApplicationCommandOptionType.String, ...said, choices: choicesOf(name) };
    default:
      return { type: ApplicationCommandOptionType.Integer, ...said, ...rangeOf(name, model) };
  }
}

function rangeOf(name: NumberOption, model: ModelCapabilities) {
  const { min, max } = animateRanges(model)[name];
  const range = { min_value: min, max_value: max };
  return name === 'motion' ? { ...range, autocomplete: true as const } : range;
}

function choicesOf(name: keyof typeof choiceLists) {
  const labels = (messages: Messages): Readonly<Record<string, string>> => messages.animate.choices[name];
  return choiceLists[name].map((value) => ({
    ...localizedName((messages) => labels(messages)[value] ?? value),
    value,
  }));
}

function presetLabel(name: string, { animate: { choices } }: Messages): string {
  const labels: Readonly<Record<string, string>> = choices.preset;
  return labels[name] ?? name;
}

/** The named amounts that begin with what was typed, and a number that was typed. */
function proposeMotion(typed: string, { animate: { choices } }: Messages, { min, max }: { min: number; max: number }) {
  const sought = typed.trim().toLowerCase();
  const proposals = (Object.keys(motions) as (keyof typeof motions)[])
    .filter((name) =>
      [name, choices.motion[name], en.animate.choices.motion[name]].some((label) => label.startsWith(sought)),
    )
    .map((name) => ({ name: `${choices.motion[name]} (${motions[name]})`, value: motions[name] as number }));
  const value = Number(sought);
  const isNumber = /^\d+$/.test(sought) && value >= min && value <= max;
  return isNumber ? [{ name: sought, value }, ...proposals] : proposals;
}
