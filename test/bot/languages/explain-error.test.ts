import { describe, expect, it } from 'vitest';
import { en } from '../../../src/bot/languages/en.ts';
import { es } from '../../../src/bot/languages/es.ts';
import { explainError } from '../../../src/bot/languages/explain-error.ts';
import { InferenceError, UserError } from '../../../src/errors.ts';

describe('explainError', () => {
  it('translates a UserError by its code, with its details', () => {
    const error = new UserError('picture-not-a-picture', 'English words', { details: { found: 'PDF' } });
    expect(explainError(error, en, 'id')).toContain('(it looks like: PDF)');
    expect(explainError(error, es, 'id')).toContain('(parece: PDF)');
  });

  it('translates permissions, and keeps a name that has no translation yet', () => {
    const details = { permissions: 'AttachFiles,FutureThing' };
    const text = explainError(new UserError('permissions-missing', '', { details }), es, 'id');
    expect(text).toContain('Adjuntar archivos, FutureThing');
  });

  it('calls options of /animate as Discord shows them in the reader’s language, and keeps other words', () => {
    const rangeOf = (option: string, messages: typeof en) =>
      explainError(new UserError('option-range', '', { details: { option, min: 1, max: 9 } }), messages, 'id');
    expect(rangeOf('steps', es)).toContain('`pasos`');
    expect(rangeOf('steps', en)).toContain('`steps`');
    expect(rangeOf('toString', es)).toContain('`toString`');
    const details = { setting: 'numFrames', value: 0, from: 1, to: 9, multipleOf: 1 };
    expect(explainError(new UserError('settings-invalid', '', { details }), es, 'id')).toContain('`duración`');
  });

  it('falls back to the error’s own words for a code without a translation', () => {
    expect(explainError(new UserError('brand-new', 'Own words.'), es, 'id')).toBe('⚠️ Own words.');
    expect(explainError(new UserError('constructor', 'Own words.'), es, 'id')).toBe('⚠️ Own words.');
  });

  it('shows an id and nothing else of any other error', () => {
    for (const error of [new InferenceError('x', '/home/me/secret'), new Error('secret'), 'secret', undefined]) {
      const text = explainError(error, en, '7f3a');
      expect(text).toContain('7f3a');
      expect(text).not.toContain('secret');
    }
  });
});
