import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createPartFiles } from '../../src/remote/part-files.ts';
import { factsOf } from '../../src/remote/protocol.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

const attempt = { jobId: 'job1', holder: 'remote one', number: 4 };
const clock = createFakeClock();

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* broken(...texts: string[]): AsyncGenerator<Uint8Array> {
  yield* pieces(...texts);
  throw new Error('the connection broke');
}

async function setUp(options: { mostHeld?: number } = {}) {
  const folder = tempFolder();
  const parts = createPartFiles({ folder, clock, ...options });
  const facts = await factsOf(Buffer.from('a whole clip'));
  const piece = { attempt, name: 'clip', sha256: facts.sha256, at: 0, end: 12 } as const;
  return { folder, parts, facts, piece, held: () => readdirSync(folder) };
}

it('what a worker sends lies on the disk while it comes, for this user alone, and goes on where its line broke', async () => {
  const { folder, parts, facts, piece, held } = await setUp();
  await expect(parts.add(piece, broken('a wh', 'ole'))).rejects.toThrow('broke');
  expect(parts.offset(attempt, 'clip', facts.sha256)).toBe(7);
  const [name] = held();
  expect(readFileSync(join(folder, name!), 'utf8')).toBe('a whole');
  expect(statSync(join(folder, name!)).mode & 0o777).toBe(0o600);
  expect(await parts.add(piece, pieces('a whole clip'))).toBe(7);
  expect(await parts.add({ ...piece, at: 7 }, pieces(' clip'))).toBe(12);
  expect(String(await parts.take(attempt, 'clip', facts))).toBe('a whole clip');
  await parts.onIdle();
  expect(held()).toEqual([]);
});

it('more than was said is refused while it comes, and is not on the disk', async () => {
  const { folder, parts, piece, held } = await setUp();
  async function* endless() {
    for (let sent = 0; sent < 100; sent++) yield Buffer.from('twelve bytes');
    throw new Error('Nobody stopped it.');
  }
  await expect(parts.add(piece, endless())).rejects.toMatchObject({ status: 400 });
  expect(statSync(join(folder, held()[0]!)).size).toBe(12);
});

it('no more lies there than may, until who sends nothing more is forgotten', async () => {
  const { parts, piece } = await setUp({ mostHeld: 10 });
  const other = { ...piece, attempt: { ...attempt, jobId: 'job2' } };
  await expect(parts.add(piece, pieces('a whole ', 'cl', 'ip'))).rejects.toMatchObject({ status: 503 });
  await expect(parts.add(other, pieces('a whole clip'))).rejects.toMatchObject({ status: 503 });
  await clock.advance(600_001);
  expect(await parts.add({ ...other, end: 7 }, pieces('a whole'))).toBe(7);
});

it('what is not what it was said to be is not taken, and a late attempt takes nothing of the next away', async () => {
  const { parts, facts, piece, held } = await setUp();
  await parts.add(piece, pieces('another clip'));
  expect(await parts.take(attempt, 'clip', facts)).toBeUndefined();
  const next = { ...attempt, number: 5 };
  await parts.add({ ...piece, attempt: next }, pieces('a whole clip'));
  parts.drop('job1', attempt.number);
  expect(parts.offset(next, 'clip', facts.sha256)).toBe(12);
  parts.drop('job1', next.number);
  await parts.onIdle();
  expect(held()).toEqual([]);
});

it('what is dropped while it comes is gone as well', async () => {
  const { parts, piece, held } = await setUp();
  async function* dropping() {
    yield Buffer.from('a who');
    parts.drop('job1', attempt.number);
    yield Buffer.from('le clip');
  }
  await expect(parts.add(piece, dropping())).rejects.toMatchObject({ status: 409 });
  await parts.onIdle();
  expect(held()).toEqual([]);
});

it('what a process left that was killed is erased', async () => {
  const folder = join(tempFolder(), 'incoming');
  mkdirSync(folder);
  writeFileSync(join(folder, 'left'), 'a clip');
  const parts = createPartFiles({ folder, clock });
  await parts.add({ attempt, name: 'clip', sha256: 'a', at: 0, end: 1 }, pieces('b'));
  expect(readdirSync(folder)).toHaveLength(1);
  expect(readdirSync(folder)).not.toContain('left');
});
