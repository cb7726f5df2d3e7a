import { Command, CommanderError, Option } from 'commander';
import type { CliIo } from './io.ts';
import { usageError } from './usage-error.ts';

/** One option of a subcommand; its name is its key in {@link CommandLine.options}. */
export interface OptionDeclaration {
  /** What stands for the value in the help text, such as `N`. Absent: a switch. */
  value?: string;
  /** The option may be given more than once. */
  isMany?: true;
  /** The switch is on, and the help text names `--no-…`. */
  isOn?: true;
  /** What an option with a value was called in the last version: still taken, with a warning, and not in the help text. */
  oldName?: string;
  help: string;
}

/** What a subcommand takes. Every switch can also be given as `--no-…`; `--help` and `-h` are always there. */
export interface CommandLine<Options extends Readonly<Record<string, OptionDeclaration>> = Record<never, never>> {
  /** As it is typed: `kinora animate`. */
  name: string;
  /** What follows the name in the help text's first line. */
  usage?: string;
  /** The words that are no options, as commander writes them: `<clip>`, `[picture...]`. */
  words?: string;
  /** What the subcommand does; before the options in the help text. */
  about: string;
  options?: Options;
  /** The end of the help text. */
  notes?: string;
}

/** What was given on the command line; values are texts as they were typed, the last one where several were given. */
export interface Given<Options> {
  values: {
    [Name in keyof Options]: Options[Name] extends { isMany: true }
      ? string[] | undefined
      : Options[Name] extends { value: string }
        ? string | undefined
        : boolean;
  };
  words: string[];
  /** What should be said on stderr. */
  warnings: string[];
}

/**
 * Reads the words after a subcommand's name; undefined where the help text was asked for, see {@link showHelp}.
 * @throws UserError wrong usage, see `usageError`
 */
export function readCommandLine<const Options extends Readonly<Record<string, OptionDeclaration>>>(
  line: CommandLine<Options>,
  argv: readonly string[],
): Given<Options> | undefined {
  const command = createCommand(line, argv);
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return undefined;
    if (error.code === 'commander.excessArguments') {
      const word = command.args[command.registeredArguments.length];
      throw usageError(
        `${line.name} does not know what to do with "${word}". ${line.name} --help tells the usage.`,
        error,
      );
    }
    throw usageError(describeWrongUsage(error, line.name), error);
  }
  const given = command.opts();
  const warnings: string[] = [];
  const values = Object.fromEntries(
    Object.entries(line.options ?? {}).map(([name, { value, oldName }]) => {
      const typedAs = (option: string): unknown => given[new Option(`--${option}`).attributeName()];
      const old = oldName === undefined ? undefined : typedAs(oldName);
      if (old !== undefined)
        warnings.push(`--${oldName} is now called --${name}; the old name will go with the next version.`);
      const typed = typedAs(name) ?? old;
      return [name, value === undefined ? typed === true : typed];
    }),
  );
  return { values: values as Given<Options>['values'], words: command.args, warnings };
}

/** Writes the help text, as wide as the terminal. Resolves to the exit code. */
export function showHelp(
  line: CommandLine<Readonly<Record<string, OptionDeclaration>>>,
  { stdout }: Pick<CliIo, 'stdout'>,
): number {
  createCommand(line)
    .configureOutput({ writeOut: (text) => stdout.write(text), getOutHelpWidth: () => stdout.columns ?? 120 })
    .outputHelp();
  return 0;
}

function createCommand(
  line: CommandLine<Readonly<Record<string, OptionDeclaration>>>,
  argv: readonly string[] = [],
): Command {
  const command = new Command(line.name)
    .usage(line.usage ?? '[options]')
    .description(line.about)
    .helpOption('-h, --help', 'show this')
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {}, getOutHasColors: () => false })
    .configureHelp({ optionTerm: ({ flags }) => flags.replace(/[<>]/g, ''), visibleArguments: () => [] })
    .allowExcessArguments(false);
  if (line.words !== undefined) command.argument(line.words);
  if (line.notes !== undefined) command.addHelpText('after', `\n${line.notes}`);
  // `--output=--json` says by itself that the second word is a value.
  const isOption = (word: string, before: string) =>
    !argv.includes(`${before}=${word}`) && (word === '--help' || command.options.some(({ long }) => long === word));
  for (const [name, declaration] of Object.entries(line.options ?? {})) {
    for (const option of optionsOf(name, declaration, isOption)) command.addOption(option);
  }
  return command;
}

function optionsOf(
  name: string,
  declaration: OptionDeclaration,
  isOption: (word: string, before: string) => boolean,
): Option[] {
  const { value, isMany, isOn, oldName, help } = declaration;
  if (value === undefined) {
    const [on, off] = [`--${name}`, `--no-${name}`];
    // The first of the two decides the default: commander takes a `--no-…` alone for a switch that is on.
    return [new Option(isOn ? off : on, help), new Option(isOn ? on : off).hideHelp()];
  }
  const option = new Option(`--${name} <${value}>`, help);
  option.argParser<string | string[]>((text, previous) => {
    // Commander takes any word for the value; `--seed --json` is a forgotten number.
    if (isOption(text, `--${name}`)) throw new CommanderError(1, 'commander.optionMissingArgument', missing(option));
    return isMany ? [...(Array.isArray(previous) ? previous : []), text] : text;
  });
  if (oldName === undefined) return [option];
  return [option, ...optionsOf(oldName, { value, help }, isOption).map((old) => old.hideHelp())];
}

function missing({ flags }: Option): string {
  return `error: option '${flags}' argument missing`;
}

/** Commander's message as a sentence, with the way to the help text of `name`. */
export function describeWrongUsage({ message }: CommanderError, name: string): string {
  const text = message
    .replace(/^error: /, '')
    .replace(/\s+/g, ' ')
    .replace(/\.$/, '')
    .trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}. ${name} --help tells the usage.`;
}
