import type { ApiChoice, ApiCommandOption } from '../../../fake-discord/payloads.ts';
import type { OptionValue, SamplePicture } from '../../protocol.ts';
import { type CommandEntry, optionType } from '../command-entries.ts';
import type { PageMessages } from '../messages/page-messages.ts';

/** A picture for an option: the person's own file or a sample. */
export type ChosenPicture =
  | { kind: 'file'; name: string; url: string; file: File }
  | { kind: 'sample'; name: string; url: string; sample: SamplePicture };

/** What the bot suggests for an option. */
interface Suggestions {
  option: string;
  choices: readonly ApiChoice[];
  /** Index of the highlighted one, or -1. */
  active: number;
}

/** A command that is being filled in. */
export interface CommandForm {
  entry: CommandEntry;
  /** Names of the options that are shown: the required ones and those that were added. */
  shown: readonly string[];
  values: Readonly<Record<string, OptionValue>>;
  /** What stands in the boxes of options that the bot completes. */
  typed: Readonly<Record<string, string>>;
  pictures: Readonly<Record<string, ChosenPicture>>;
  problems: Readonly<Record<string, string>>;
  suggestions: Suggestions | null;
  isSending: boolean;
}

/** What a form says. */
export interface ReadForm {
  options: Record<string, OptionValue>;
  /** By option: why its value cannot be sent. */
  problems: Record<string, string>;
}

/** Reads a form and checks it as Discord's client does; the stand-in and the bot check it again. */
export function readForm(form: CommandForm, i18n: PageMessages): ReadForm {
  const options: Record<string, OptionValue> = {};
  const problems: Record<string, string> = {};
  for (const option of form.entry.options) {
    const { name, type, required = false } = option;
    if (!form.shown.includes(name)) continue;
    if (type === optionType.attachment) {
      if (required && form.pictures[name] === undefined) problems[name] = i18n.isRequired;
      continue;
    }
    const value = form.values[name] ?? form.typed[name]?.trim() ?? '';
    if (value === '') {
      if (required) problems[name] = i18n.isRequired;
      continue;
    }
    const read = isNumeric(option) ? readNumber(option, value, i18n) : { value };
    if ('problem' in read) problems[name] = read.problem;
    else options[name] = read.value;
  }
  return { options, problems };
}

function isNumeric({ type, choices }: ApiCommandOption): boolean {
  return choices === undefined && (type === optionType.integer || type === optionType.number);
}

function readNumber(
  { type, autocomplete, min_value: min = -(2 ** 53), max_value: max = 2 ** 53 }: ApiCommandOption,
  written: OptionValue,
  i18n: PageMessages,
): { value: number } | { problem: string } {
  const value = Number(written);
  const isRight = type === optionType.integer ? Number.isInteger(value) : Number.isFinite(value);
  if (!isRight) return { problem: autocomplete === true ? i18n.chooseFromList : i18n.notANumber };
  return value < min || value > max ? { problem: i18n.outOfRange(min, max) } : { value };
}
