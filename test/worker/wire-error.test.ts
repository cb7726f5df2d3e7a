import { describe, expect, it } from 'vitest';
import {
  ConfigError,
  DownloadError,
  EncodeError,
  GraphError,
  InferenceError,
  JobCancelledError,
  SafetensorsError,
  UserError,
  WeightsMismatchError,
} from '../../src/errors.ts';
import { fromWireError, toWireError, wireErrorSchema } from '../../src/worker/wire-error.ts';

/** There and back, as between the processes. */
function cross(error: unknown): Error {
  return fromWireError(wireErrorSchema.parse(structuredClone(toWireError(error))));
}

describe('errors that cross the border', () => {
  it.each([
    UserError,
    ConfigError,
    SafetensorsError,
    WeightsMismatchError,
    DownloadError,
    GraphError,
    InferenceError,
    EncodeError,
  ])('%o stays what it is', (Class) => {
    const error = new Class('some-code', 'Some message.', { details: { limit: 3, found: 'x' } });
    const copy = cross(error);
    expect(copy).toBeInstanceOf(Class);
    expect(copy).toMatchObject({ code: 'some-code', message: 'Some message.', details: { limit: 3, found: 'x' } });
    expect(copy.stack).toBe(error.stack);
    expect(copy.name).toBe(Class.name);
  });

  it('a cancelled job stays one', () => {
    expect(cross(new JobCancelledError('Stopped.'))).toBeInstanceOf(JobCancelledError);
  });

  it('keeps the chain of causes, whatever was thrown', () => {
    const chain = new InferenceError('outer', 'Outer.', { cause: new TypeError('inner', { cause: 'a word' }) });
    expect(cross(chain)).toMatchObject({
      cause: { name: 'TypeError', message: 'inner', cause: { message: 'a word' } },
    });
    expect(cross(undefined).message).toBe('undefined');
  });

  it('ends, for a chain that leads to itself and for texts without end', () => {
    const ring = new Error('x'.repeat(100_000));
    ring.cause = ring;
    const copy = cross(ring);
    expect(copy.message.length).toBeLessThanOrEqual(4000);
    expect(copy.cause).toBeInstanceOf(Error);
  });
});
