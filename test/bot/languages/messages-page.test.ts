import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { languages } from '../../../src/bot/languages/choose-messages.ts';
import { userErrorCodes } from '../../../src/bot/languages/messages.ts';
import { messagesPage, page } from '../../support/draw-messages.ts';
import { listMessages } from '../../support/messages/list-messages.ts';

/** The paths of all that is no object. */
function leavesOf(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return [path.join('.')];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...path, name]));
}

describe('docs/messages.md', () => {
  const text = readFileSync(page, 'utf8');

  it('is as the languages’ files are now: `npm run fix` writes it', () => {
    expect(text).toBe(messagesPage());
  });

  it('shows every message of every language beside its key', () => {
    const shown = text.split('\n').flatMap((line) => /^\| `([\w.-]+)` \| \S.* \| \S.* \|$/.exec(line)?.[1] ?? []);
    for (const messages of new Set(Object.values(languages)))
      expect(shown.toSorted()).toEqual(leavesOf(messages).sort());
    expect(shown).toEqual(expect.arrayContaining(userErrorCodes.map((code) => `errors.${code}`)));
  });

  it('shows no message that a sample value does not fit', () => {
    expect(text).not.toMatch(/\bundefined\b|\[object|\bNaN\b/);
  });
});

describe('the list of messages', () => {
  const list = (messages: object) => listMessages(messages, { language: 'en', own: { colour: 'red' } });

  it('writes singulars, and texts without what may be missing, where they differ', () => {
    const place = ({ position, moment }: { position: number; moment?: string }) =>
      `${position === 1 ? 'next' : `in ${position}`}${moment ? `, ${moment}` : ''}`;
    expect(list({ queue: { place, more: (count: number) => `${count} more`, none: 'none' } })).toEqual([
      { key: 'queue.place', texts: ['in 3, in 2 minutes', 'next, in 2 minutes', 'in 3'] },
      { key: 'queue.more', texts: ['4 more'] },
      { key: 'queue.none', texts: ['none'] },
    ]);
  });

  it('shows a value that it has no sample of by its name', () => {
    const messages = { one: (shade: string) => `a ${shade} clip`, two: ({ shade }: { shade: string }) => `${shade}` };
    expect(list(messages).map(({ texts }) => texts[0])).toEqual(['a ‹shade› clip', '‹shade›']);
    expect(list({ own: (colour: string) => colour })[0]?.texts).toEqual(['red']);
  });
});
