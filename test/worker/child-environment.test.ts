import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, it } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';
import { childEnvironment, forkChild, killGroup } from '../../src/worker/fork-child.ts';

it('passes on what programs, drivers and GPUs need, and nothing else', () => {
  expect(
    childEnvironment({
      PATH: '/usr/bin',
      Path: 'C:\\Windows',
      HOME: '/home/kinora',
      TMPDIR: undefined,
      CUDA_VISIBLE_DEVICES: '1',
      VK_ICD_FILENAMES: '/icd.json',
      DISCORD_TOKEN: 'secret',
      NPM_TOKEN: 'secret',
      NODE_OPTIONS: '--require ./x.js',
      LD_PRELOAD: '/x.so',
      MALLOC_ARENA_MAX: '64',
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=2',
    }),
  ).toEqual({
    PATH: '/usr/bin',
    Path: 'C:\\Windows',
    HOME: '/home/kinora',
    CUDA_VISIBLE_DEVICES: '1',
    VK_ICD_FILENAMES: '/icd.json',
    VIPS_BLOCK_UNTRUSTED: '1',
    VIPS_CONCURRENCY: '1',
    MALLOC_ARENA_MAX: '2',
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
  });
});

it('gives way to the process that answers Discord, also where the system shares cores among groups', () => {
  const child = forkChild({ PATH: readEnvironment().PATH }, new URL('./fixtures/mute-child.ts', import.meta.url));
  try {
    const niceness = Math.min(getPriority() + 5, 19);
    expect(getPriority(child.pid)).toBe(niceness);
    const group = `/proc/${child.pid}/autogroup`;
    if (existsSync(group)) expect(readFileSync(group, 'utf8')).toContain(`nice ${niceness}\n`);
  } finally {
    killGroup(child);
  }
});
