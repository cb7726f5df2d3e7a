/** A piece of a line of Discord's markdown. */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'bold' | 'italic' | 'underline' | 'strike' | 'spoiler'; children: Inline[] }
  | { kind: 'user' | 'role' | 'channel'; id: string }
  | { kind: 'slash'; name: string }
  | { kind: 'timestamp'; unixSeconds: number; style: string }
  | { kind: 'link'; url: string; children: Inline[] };

/** A line, or several that belong together. */
export type Block =
  | { kind: 'line' | 'subtext'; children: Inline[] }
  | { kind: 'heading'; level: 1 | 2 | 3; children: Inline[] }
  | { kind: 'quote' | 'item'; children: Inline[] }
  | { kind: 'code'; text: string };

const fence = /```(?:[a-z0-9+-]*\n)?([\s\S]*?)\n?```\n?/i;

/** Reads a message's content as Discord does. */
export function parseMarkdown(content: string): Block[] {
  const found = fence.exec(content);
  if (found === null) return content === '' ? [] : content.split('\n').map(parseLine);
  const before = content.slice(0, found.index).replace(/\n$/, '');
  const after = content.slice(found.index + found[0].length);
  return [...parseMarkdown(before), { kind: 'code', text: found[1] ?? '' }, ...parseMarkdown(after)];
}

function parseLine(line: string): Block {
  const heading = /^(#{1,3}) (.+)$/.exec(line);
  if (heading) {
    return { kind: 'heading', level: heading[1]!.length as 1 | 2 | 3, children: parseInline(heading[2]!) };
  }
  const marked = /^(-#|>|[-*]) (.*)$/.exec(line);
  const kinds = { '-#': 'subtext', '>': 'quote', '-': 'item', '*': 'item' } as const;
  if (marked) return { kind: kinds[marked[1] as keyof typeof kinds], children: parseInline(marked[2]!) };
  return { kind: 'line', children: parseInline(line) };
}

type Rule = readonly [pattern: RegExp, make: (groups: readonly string[]) => Inline];

const nested = (kind: 'bold' | 'italic' | 'underline' | 'strike' | 'spoiler'): Rule[1] => {
  return ([, inner = '']) => ({ kind, children: parseInline(inner) });
};

/** Tried in this order; every pattern is sticky. */
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
    ([, seconds, style = 'f']) => ({ kind: 'timestamp', unixSeconds: Number(seconds), style }),
  ],
  [/<(https?:\/\/[^\s>]+)>/y, ([, url = '']) => link(url, [{ kind: 'text', text: url }])],
  [/\[([^\]]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/y, ([, label = '', url = '']) => link(url, parseInline(label))],
  [/https?:\/\/[^\s<]*[^\s<.,:;"')\]!?]/y, ([url = '']) => link(url, [{ kind: 'text', text: url }])],
];

/** Parses one line. */
function parseInline(line: string): Inline[] {
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
  // An underscore inside a word is not markup.
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

/** A message's content without its marks, for screen readers and short quotations. */
export function plainText(content: string): string {
  return parseMarkdown(content)
    .map((block) => (block.kind === 'code' ? block.text : block.children.map(textOf).join('')))
    .join('\n');
}

function textOf(node: Inline): string {
  switch (node.kind) {
    case 'text':
    case 'code':
      return node.text;
    case 'slash':
      return `/${node.name}`;
    case 'user':
    case 'role':
      return '@';
    case 'channel':
      return '#';
    case 'timestamp':
      return '';
    case 'spoiler':
      return '…';
    default:
      return node.children.map(textOf).join('');
  }
}
