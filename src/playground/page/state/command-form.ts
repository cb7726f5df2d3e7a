import type { ApiChoice, ApiCommand, ApiCommandOption } from '../../../fake-discord/payloads.ts';
import type { OptionValue, SamplePicture } from '../../protocol.ts';

/** A slash command, or one of its subcommands, as an entry of the command list. */
export interface CommandEntry {
  command: ApiCommand;
  /** Names of subcommand group and subcommand. */
  path: readonly string[];
  options: readonly ApiCommandOption[];
}

/** A picture for an option: the person's own file or a sample. */
export type ChosenPicture =
  | { kind: 'file'; name: string; url: string; file: File }
  | { kind: 'sample'; name: string; url: string; sample: SamplePicture };

/** What the bot proposes for an option. */
interface Proposals {
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
  proposals: Proposals | null;
  isSending: boolean;
}
