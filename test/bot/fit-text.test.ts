import { describe, expect, it } from 'vitest';
import { fitLabel, fitText } from '../../src/bot/fit-text.ts';

/** What is shown of a text at every limit from 1 to its length, by limit. */
function cuts(text: string): string[] {
  return Array.from({ length: text.length }, (_, index) => fitText(text, index + 1));
}

describe('fitText', () => {
  it('leaves a text that fits as it is', () => {
    const text = '**bold** `code` <@123> ```\nblock\n```';
    expect(fitText(text, text.length)).toBe(text);
    expect(fitText('', 2000)).toBe('');
  });

  it('never gives more than the limit, whatever stands there', () => {
    const text = '**bold _and_ more** ||hidden <@1234567890>|| 👩‍👩‍👧 ```\ncode\n``` `x` https://example.org/a?b=c end';
    for (const [index, cut] of cuts(text).entries()) expect(cut.length).toBeLessThanOrEqual(index + 1);
  });

  it.each([
    '<@123456789012345678>',
    '<@!123456789012345678>',
    '<@&123456789012345678>',
    '<#123456789012345678>',
    '<t:1700000000:R>',
    '<:kinora:123456789012345678>',
    '</queue:123456789012345678>',
    '<https://stability.ai/license>',
    'https://discord.com/channels/1/2/3',
    '[Get it here](https://example.org/clip)',
    '\\*',
    '👩‍👩‍👧',
    'é',
    'e\u0301',
    '1\ufe0f\u20e3',
  ])('shows %s whole or not at all', (whole) => {
    for (const cut of cuts(`a ${whole} b`)) {
      expect(['a', 'a ', `a ${whole}`, `a ${whole} `, `a ${whole} b`, '']).toContain(cut.replace(/ ?…$/, ''));
    }
  });

  it('closes what it opened, in order', () => {
    expect(fitText('**bold ||hidden text|| and more bold**', 20)).toBe('**bold ||hidden…||**');
    expect(fitText('see `a very long piece of code` there', 16)).toBe('see `a very lo…`');
    // Nothing is hidden any less for being cut.
    for (const cut of cuts('||secret words|| open').slice(6)) expect(cut).toMatch(/^\|\|.*\|\|/);
  });

  it('closes code blocks, and takes nothing in them for formatting', () => {
    const text = `Look:\n\`\`\`ts\nconst a = b ** c; // <@1>\n${'x'.repeat(100)}\n\`\`\`\nend`;
    const cut = fitText(text, 60);
    expect(cut).toMatch(/^Look:\n```ts\nconst a = b \*\* c; \/\/ <@1>\nx+…\n```$/);
    expect(cut).toHaveLength(60);
    for (const shown of cuts(text)) expect((shown.match(/```/g) ?? []).length % 2).toBe(0);
  });

  it('takes lone signs for what they are', () => {
    expect(fitText('2 * 3 and snake_case_names and more', 28)).toBe('2 * 3 and snake_case_names…');
    expect(fitText('5 ** 2 is much more than it was', 12)).toBe('5 ** 2 is m…');
    expect(fitText('``` is a fence that nothing closes', 12)).toBe('``` is a fe…');
  });

  it('is quick where a text is much too long', () => {
    const startMs = performance.now();
    expect(fitText('<@123456789012345678> **x** '.repeat(20_000), 2000).length).toBeLessThanOrEqual(2000);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});

describe('fitLabel', () => {
  it('cuts between signs that people see as one', () => {
    expect(fitLabel('Cancel', 80)).toBe('Cancel');
    expect(fitLabel('Cancel the clip', 8)).toBe('Cancel…');
    expect(fitLabel('ab👩‍👩‍👧cd', 6)).toBe('ab…');
    expect(fitLabel('**not bold**', 7)).toBe('**not…');
  });
});
