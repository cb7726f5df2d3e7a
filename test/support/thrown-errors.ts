import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { nodesIn, type SyntaxNode } from './syntax-tree.ts';

/** One `new …Error(code, …)` in the source. */
export interface ThrownError {
  file: string;
  className: string;
  /** The codes that its first argument can be; empty where that cannot be read from the source. */
  codes: string[];
  /** As written at the place; undefined where the class decides. */
  scope: string | undefined;
}

type Node = SyntaxNode;

/** Every error with a code that `src` makes, read by a parser. */
export function thrownErrors(classNames: readonly string[], folder = 'src'): ThrownError[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((name) => {
    const file = join(folder, name);
    const text = readFileSync(file, 'utf8');
    // Most files make none: to parse them takes a hundred times as long.
    if (!classNames.some((className) => text.includes(`new ${className}(`))) return [];
    const { program, errors } = parseSync(file, text);
    if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]!.message}`);
    const found: ThrownError[] = [];
    for (const node of nodesIn(program)) {
      const callee = node.callee as Node | undefined;
      if (node.type !== 'NewExpression' || callee?.type !== 'Identifier') continue;
      const className = String(callee.name);
      if (!classNames.includes(className)) continue;
      const [code, , options] = node.arguments as Node[];
      found.push({ file, className, codes: code ? literals(code) : [], scope: scopeIn(options) });
    }
    return found;
  });
}

/** A string, or what a choice between strings can be. */
function literals(node: Node): string[] {
  if (node.type === 'Literal' && typeof node.value === 'string') return [node.value];
  if (node.type !== 'ConditionalExpression') return [];
  return [...literals(node.consequent as Node), ...literals(node.alternate as Node)];
}

function scopeIn(options: Node | undefined): string | undefined {
  if (options?.type !== 'ObjectExpression') return undefined;
  for (const property of options.properties as Node[]) {
    const key = property.key as Node | undefined;
    const value = property.value as Node | undefined;
    if (key?.name === 'scope' && value?.type === 'Literal') return String(value.value);
  }
  return undefined;
}
