import type { Inline } from './nodes.ts';

type Rule = readonly [pattern: RegExp, make: (groups: readonly string[]) => Inline];

const nested = (kind: 'bold' | 'italic' | 'underline' | 'strike' | 'spoiler'): Rule[1] => {
  return ([, inner = '']) => ({ kind, children: parseInline(inner) });
};

/** In the order in which they are tried; all sticky. */
const rules: readonly Rule[] = [
  [/\\([\\*_~`|<>#()[\].-])/y, ([, text = '']) => ({ kind: 'text', text })],
  [/(`+)(.*?[^`])\1(?!`)/y, ([, , text = '']) => ({ kind: 'code', text: text.replace(/^ (.*) $/, '$1') })],
  [/\|\|(.+?)\|\|/y, nested('spoiler')],
  [/\*\*(.+?)\*\*(?!\*)/y, nested('bold')],
  [/__(.+?)__(?!_)/y, nested('underline')],
  [/\*(?=\S)([^*]+?)\*/y, nested('italic')],
  [/_(?=\S)([^_]+?)_(?!\w)/y, nested('italic')],
  [/~~(.+?)~~/y, nested('strike')],
  [/<@!?(\d+)>/y, ([, id = '']) => ({ kind: 'user', id })],
  [/<@&(\d+)>/y, ([, id = '']) => ({ kind: 'role', id })],
  [/<#(\d+)>/y, ([, id = '']) => ({ kind: 'channel', id })],
  [/<\/([^:>]+):\d+>/y, ([, name = '']) => ({ kind: 'slash', name })],
  [
    /<t:(-?\d{1,13})(?::([tTdDfFR]))?>/y,
    ([, seconds, style = 'f']) => ({ kind: 'moment', unixSeconds: Number(seconds), style }),
  ],
  [/<(https?:\/\/[^\s>]+)>/y, ([, url = '']) => link(url, [{ kind: 'text', text: url }])],
  [/\[([^\]]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/y, ([, label = '', url = '']) => link(url, parseInline(label))],
  [/https?:\/\/[^\s<]*[^\s<.,:;"')\]!?]/y, ([url = '']) => link(url, [{ kind: 'text', text: url }])],
];

/** Reads what stands in one line. */
export function parseInline(line: string): Inline[] {
  const nodes: Inline[] = [];
  let text = '';
  let at = 0;
  while (at < line.length) {
    const found = match(line, at);
    if (found === undefined) {
      text += line[at];
      at += 1;
      continue;
    }
    if (text !== '') nodes.push({ kind: 'text', text });
    text = '';
    nodes.push(found.node);
    at += found.length;
  }
  if (text !== '') nodes.push({ kind: 'text', text });
  return nodes;
}

function match(line: string, at: number): { node: Inline; length: number } | undefined {
  // An underscore inside a word is just that.
  const isInsideWord = line[at] === '_' && /\w/.test(line[at - 1] ?? '');
  if (isInsideWord || !/[\\`|*_~<[h]/.test(line[at]!)) return undefined;
  for (const [pattern, make] of rules) {
    pattern.lastIndex = at;
    const groups = pattern.exec(line);
    if (groups !== null) {
      const { length } = groups[0];
      return { node: make(groups), length };
    }
  }
  return undefined;
}

function link(url: string, children: Inline[]): Inline {
  return { kind: 'link', url, children };
}
