import { describe, expect, it } from 'vitest';
import { createCooldown } from '../../src/util/cooldown.ts';

/** A cooldown with a clock that can be set. */
function setUp(maxKeys?: number) {
  const clock = { nowMs: 1_000_000, now: () => clock.nowMs };
  const cooldown = createCooldown({ periodMs: 5_000, clock, ...(maxKeys !== undefined && { maxKeys }) });
  return { clock, use: cooldown.use };
}

describe('createCooldown', () => {
  it('lets each key through once in a period, and says when it may come again', () => {
    const { clock, use } = setUp();
    expect(use('a')).toBeUndefined();
    clock.nowMs += 4_999;
    expect(use('a')).toBe(1_005_000);
    expect(use('b')).toBeUndefined();
    clock.nowMs += 1;
    expect(use('a')).toBeUndefined();
    expect(use('a')).toBe(1_010_000);
  });

  it('does not become longer when the clock is set back', () => {
    const { clock, use } = setUp();
    expect(use('a')).toBeUndefined();
    clock.nowMs -= 3 * 3_600_000;
    expect(use('a')).toBeUndefined();
    expect(use('a')).toBe(clock.nowMs + 5_000);
  });

  it('remembers no more keys than it may, the latest', () => {
    const { use } = setUp(2);
    for (const key of ['a', 'b', 'c']) expect(use(key)).toBeUndefined();
    expect(use('c')).toBeDefined();
    expect(use('b')).toBeDefined();
    expect(use('a')).toBeUndefined();
    expect(use('b')).toBeUndefined();
  });
});
