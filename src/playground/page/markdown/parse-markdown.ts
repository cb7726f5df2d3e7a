import type { Block } from './nodes.ts';
import { parseInline } from './parse-inline.ts';

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
