import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { languages } from '../../../src/bot/languages/choose-messages.ts';
import { presetNames } from '../../../src/inference/pipeline/presets.ts';

/** Literals of a source, each with what stands before it up to the start of its statement or argument list. */
function literalsOf(source: string): { text: string; before: string }[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
  return [...code.matchAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)].map((match) => ({
    text: match[0].slice(1, -1),
    before: code.slice(Math.max(0, match.index - 200), match.index),
  }));
}

/** Who reads such literals: the log and the operator. A person sees a UserError by its code, translated. */
const forOperators = /(?:Error\(\s*(?:'[^']*',\s*)?|log(?:\.\w+|\[[^\]]*\])\([^;]*|throw [^;]*|from )$/;

/** Where literals become something that people read. */
const shown = /\b(?:content|label|title|placeholder|description|state)\s*:\s*$/;

/** What a person types is the same in every language. */
const typed: ReadonlySet<string> = new Set(['kinora animate']);

/** Hard-coded texts of a source that may reach people. */
function hardCodedIn(source: string): string[] {
  return literalsOf(source)
    .filter(({ text, before }) => {
      const words = text.replace(/\$\{[^}]*\}/g, ' ');
      const isProse = /\p{L}{2,}[,.:]? \p{L}{2,}/u.test(words) || (shown.test(before) && /\p{L}{2,}/u.test(words));
      return isProse && !typed.has(text) && !forOperators.test(before);
    })
    .map(({ text }) => text);
}

describe('texts', () => {
  it('are written nowhere but in the languages’ files', () => {
    const files = ['src/bot', 'src/commands'].flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name)),
    );
    expect(files.length).toBeGreaterThan(40);
    const found = files.flatMap((file) => hardCodedIn(readFileSync(file, 'utf8')).map((text) => `${file}: ${text}`));
    expect(found).toEqual([]);
  });

  it('would be found elsewhere', () => {
    expect(hardCodedIn("await interaction.reply({ content: 'Done' });")).toEqual(['Done']);
    expect(hardCodedIn('return `Your clip is ready, $' + '{name}`;')).toHaveLength(1);
    expect(hardCodedIn("throw new UserError('not-yours', 'Only requester and moderators can cancel.');")).toEqual([]);
    expect(hardCodedIn("log.warn({ err }, 'the gateway connection reports an error'); // so it is")).toEqual([]);
  });

  it('name every recipe', () => {
    for (const { animate } of Object.values(languages)) {
      expect(Object.keys(animate.choices.preset)).toEqual([...presetNames]);
    }
  });
});
