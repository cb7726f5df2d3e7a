import type { Inline } from './nodes.ts';
import { parseMarkdown } from './parse-markdown.ts';

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
    case 'moment':
      return '';
    case 'spoiler':
      return '…';
    default:
      return node.children.map(textOf).join('');
  }
}
