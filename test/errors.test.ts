import { describe, expect, it } from 'vitest';
import { AppError, ConfigError, EncodeError, InferenceError, scopeOf, UserError } from '../src/errors.ts';

const systemError = (code: string) => Object.assign(new Error(code), { code });

describe('scopeOf', () => {
  it.each([
    ['a UserError', new UserError('x', 'x'), 'job'],
    ['a ConfigError', new ConfigError('x', 'x'), 'host'],
    ['a named scope before that of the class', new UserError('x', 'x', { scope: 'host' }), 'host'],
    ['a full disk', systemError('ENOSPC'), 'host'],
    [
      'a full disk below an error that says nothing',
      new EncodeError('x', 'x', { cause: systemError('ENOSPC') }),
      'host',
    ],
    ['a damaged database', systemError('SQLITE_CORRUPT'), 'host'],
    [
      'the nearest word of a chain',
      new AppError('x', 'x', { cause: systemError('EIO'), scope: 'transient' }),
      'transient',
    ],
    ['an error that nobody knows', new InferenceError('x', 'x', { cause: systemError('EPIPE') }), undefined],
    ['what is no error', 'x', undefined],
  ])('%s', (_, error, scope) => {
    expect(scopeOf(error)).toBe(scope);
  });
});
