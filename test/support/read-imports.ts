import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseSync } from 'oxc-parser';

/** One file and what it imports, types included. */
export interface ImportingFile {
  /** Relative to the folder that was read, with slashes. */
  path: string;
  /** Files of that folder, as {@link ImportingFile.path}. */
  files: string[];
  /** Names of packages and of Node's modules. */
  packages: string[];
}

/** Reads the imports of every TypeScript file below a folder with a parser. */
export function readImports(folder: string): ImportingFile[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return paths.sort().map((path) => importsOf(path.replaceAll('\\', '/'), readFileSync(join(folder, path), 'utf8')));
}

/**
 * The imports of one file.
 * @throws Error it cannot be parsed, or imports something whose name is computed
 */
export function importsOf(path: string, source: string): ImportingFile {
  const { module, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]!.message}`);
  const specifiers = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => (moduleRequest ? [moduleRequest.value] : [])),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) =>
      literal(path, source.slice(moduleRequest.start, moduleRequest.end)),
    ),
  ];
  const own = (specifier: string) => specifier.startsWith('.');
  return {
    path,
    files: [
      ...new Set(specifiers.filter(own).map((name) => normalize(join(dirname(path), name)).replaceAll('\\', '/'))),
    ],
    packages: [...new Set(specifiers.filter((name) => !own(name)).map(packageName))],
  };
}

function literal(path: string, text: string): string {
  const match = /^(['"`])([^'"`$]+)\1$/.exec(text);
  if (match === null) throw new Error(`${path} imports ${text}, which cannot be read from the source.`);
  return match[2]!;
}

function packageName(specifier: string): string {
  const [first = '', second] = specifier.split('/');
  return first.startsWith('@') && second !== undefined ? `${first}/${second}` : first;
}
