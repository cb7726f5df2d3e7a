import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { givingBack, isolated, longest } from './projects.ts';

/** What changes a process for the files that come after in it. */
const changes = [
  /\bvi\.(do)?(mock|Mock)\(/,
  /\bvi\.(stubEnv|stubGlobal|useFakeTimers|setSystemTime|setConfig)\(/,
  /\bprocess\.(chdir|on|once|setUncaughtExceptionCaptureCallback)\(/,
  /\bprocess\.env(\.\w+|\[[^\]]+\])\s*=[^=]/,
  /^\s*globalThis(\.\w+|\[[^\]]+\])\s*=/m,
  /\bsetFlagsFromString\(/,
];

const exempt = [
  // Holds the words themselves.
  'test/projects.test.ts',
  // Hands them to the page.
  'test/playground/browser-faults.ts',
  // Runs before all tests, for all.
  'test/support/temp-in-memory.ts',
  // Runs in child processes.
  'test/support/run-cached.ts',
  // Writes a program that has these words.
  'test/support/bundle-children.ts',
];

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
    const known = { ...isolated, ...givingBack };
    expect(changing.filter((file) => known[file] === undefined)).toEqual([]);
  });

  it('that change something for a test end what they changed in a hook after it', () => {
    const ending = /\b(onTestFinished|afterEach)\([\s\S]*?\b(process\.chdir|vi\.unstubAllEnvs)\(/;
    const keeping = Object.keys(givingBack).filter((file) => !ending.test(readFileSync(file, 'utf8')));
    expect(keeping).toEqual([]);
  });

  it('are told from the others by paths that exist', () => {
    expect(
      [...Object.keys(isolated), ...Object.keys(givingBack), ...longest].filter((file) => !existsSync(file)),
    ).toEqual([]);
  });
});
