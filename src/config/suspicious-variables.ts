import { type Variable, variables } from './variables.ts';

/** Variables of other programs that look like some of Kinora's. */
const foreign: ReadonlySet<string> = new Set(['HF_HOME', 'HF_HUB_CACHE', 'TMPDIR', 'DATADIR', 'MODEL', 'THREAD']);

/**
 * A sentence for each variable that looks misspelt, or whose value has another name since the version before. Former values
 * are still taken, and will not be by the next version.
 */
export function suspiciousVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  return [...misspelt(environment), ...formerValues(environment)];
}

function misspelt(environment: Readonly<Record<string, string | undefined>>): string[] {
  const names = Object.keys(variables);
  return Object.keys(environment).flatMap((given) => {
    if (names.includes(given) || foreign.has(given)) return [];
    const likely = names.find((name) => isLikely(given, name) && environment[name] === undefined);
    return likely === undefined ? [] : `${given} means nothing to Kinora. Did you mean ${likely}?`;
  });
}

/** Written in another way, with a prefix, or with one slip: a letter too many, too few, wrong, or two exchanged. */
function isLikely(given: string, name: string): boolean {
  const plain = given
    .toUpperCase()
    .replaceAll(/[-. ]/g, '_')
    .replace(/^KINORA_/, '');
  return plain === name || plain.replaceAll('_', '') === name.replaceAll('_', '') || isOneSlipAway(plain, name);
}

function isOneSlipAway(given: string, name: string): boolean {
  let start = 0;
  while (start < given.length && given[start] === name[start]) start++;
  const [restOfGiven, restOfName] = [given.slice(start), name.slice(start)];
  const isExchanged = restOfGiven[0] === restOfName[1] && restOfGiven[1] === restOfName[0];
  return (
    restOfGiven.slice(1) === restOfName ||
    restOfGiven === restOfName.slice(1) ||
    restOfGiven.slice(1) === restOfName.slice(1) ||
    (isExchanged && restOfGiven.slice(2) === restOfName.slice(2))
  );
}

function formerValues(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries<Variable>(variables).flatMap(([name, { formerValues = {} }]) => {
    const text = environment[name]?.trim() ?? '';
    if (!Object.hasOwn(formerValues, text)) return [];
    return `${name}=${text} is now called ${name}=${formerValues[text]}; the next version will not know the old name.`;
  });
}
