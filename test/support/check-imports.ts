import type { ImportingFile } from './read-imports.ts';

/** Folders that every other one may import. */
const forAll: readonly (string | undefined)[] = ['util', 'settings'];

/** What {@link checkImports} holds files to. */
export interface ImportRules {
  mayImport: Readonly<Record<string, readonly string[]>>;
  packageHomes: Readonly<Record<string, readonly string[]>>;
}

/** The folder of the table that a file belongs to; undefined for the files at the top. */
function folderOf(path: string, { mayImport }: Pick<ImportRules, 'mayImport'>): string | undefined {
  const parts = path.split('/').slice(0, -1);
  for (let length = parts.length; length > 0; length--) {
    const folder = parts.slice(0, length).join('/');
    if (folder in mayImport) return folder;
  }
  return parts[0];
}

/** Every import that the rules forbid, folders that have no rules, and cycles of files; a line each. */
export function checkImports(files: readonly ImportingFile[], rules: ImportRules): string[] {
  const problems: string[] = [];
  for (const { path, files: imported, packages } of files) {
    const folder = folderOf(path, rules);
    if (folder !== undefined && !(folder in rules.mayImport)) problems.push(`${path}: ${folder} has no rules`);
    const allowed = folder === undefined ? ['*'] : (rules.mayImport[folder] ?? []);
    for (const other of imported) {
      const target = folderOf(other, rules);
      const isFree = target === folder || forAll.includes(target) || other === 'errors.ts' || allowed.includes('*');
      if (!isFree && !(target !== undefined && allowed.includes(target))) problems.push(`${path} imports ${other}`);
    }
    for (const name of packages) {
      const homes = rules.packageHomes[name];
      const isHome = homes?.some((home) => home === path || path.startsWith(`${home}/`)) ?? true;
      if (!isHome) problems.push(`${path} imports ${name}`);
    }
  }
  return [...problems, ...cyclesIn(files)];
}

function cyclesIn(files: readonly ImportingFile[]): string[] {
  const importsOf = new Map(files.map(({ path, files: imported }) => [path, imported]));
  const cycles: string[] = [];
  const finished = new Set<string>();
  const trail: string[] = [];

  function visit(path: string): void {
    if (finished.has(path)) return;
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push(`cycle: ${[...trail.slice(start), path].join(' -> ')}`);
      return;
    }
    trail.push(path);
    for (const other of importsOf.get(path) ?? []) visit(other);
    trail.pop();
    finished.add(path);
  }
  for (const { path } of files) visit(path);
  return cycles;
}

/** The folders' imports of each other as they are, as a Mermaid flowchart; what all import is left out. */
export function drawImports(files: readonly ImportingFile[], rules: ImportRules): string {
  const top = (path: string) => folderOf(path, rules)?.split('/')[0];
  const edges = new Set<string>();
  for (const { path, files: imported } of files) {
    for (const other of imported) {
      const [from, to] = [top(path), top(other)];
      if (from !== undefined && to !== undefined && from !== to && !forAll.includes(to))
        edges.add(`  ${from} --> ${to}`);
    }
  }
  return ['flowchart LR', ...[...edges].sort()].join('\n');
}
