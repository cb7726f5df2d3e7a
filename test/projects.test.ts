import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isolated, longest } from './projects.ts';

/** What changes a process for the files that come after in it. */
const changes = [
  /\bvi\.(do)?(mock|Mock)\(/,
  /\bvi\.(stubEnv|stubGlobal|useFakeTimers|setSystemTime|setConfig)\(/,
  /\bprocess\.(chdir|on|once|setUncaughtExceptionCaptureCallback)\(/,
  /\bprocess\.env(\.\w+|\[[^\]]+\])\s*=[^=]/,
  /^\s*globalThis(\.\w+|\[[^\]]+\])\s*=/m,
  /\bsetFlagsFromString\(/,
];

/** This file holds the words themselves; the second hands them to the page; the third runs before all tests, for all. */
const exempt = ['test/projects.test.ts', 'test/playground/browser-faults.test.ts', 'test/support/temp-in-memory.ts'];

const sources = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name}`)
  // Fixtures run in processes of their own.
  .filter((file) => file.endsWith('.ts') && !file.includes('/fixtures/'))
  .filter((file) => !exempt.includes(file));

describe('test files that share a process', () => {
  it('change nothing that outlives them in it: those that do are listed, with the reason', () => {
    const changing = sources.filter((file) => {
      const text = readFileSync(file, 'utf8');
      return changes.some((pattern) => pattern.test(text));
    });
    expect(changing.length).toBeGreaterThan(0);
    expect(changing.filter((file) => isolated[file] === undefined)).toEqual([]);
  });

  it('are told from the others by paths that exist', () => {
    expect([...Object.keys(isolated), ...longest].filter((file) => !existsSync(file))).toEqual([]);
  });
});
