import { expect, it } from 'vitest';
import { childEnvironment } from '../../src/worker/fork-child.ts';

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
