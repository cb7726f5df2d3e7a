import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { isolated, longest } from './test/projects.ts';

const isolatedFiles = Object.keys(isolated);

const bundledEntry = {
  find: /^\.\/runnable-entry\.ts$/,
  replacement: `${import.meta.dirname}/test/support/bundled-entry.ts`,
};
const sharedSessions = {
  find: /^onnxruntime-node$/,
  replacement: `${import.meta.dirname}/test/support/shared-sessions.ts`,
};

/**
 * Whole renders on a machine that may be busy: how long they take is not what is tested. The same for all, since every
 * project has processes of its own, and each of those loads discord.js, sharp and ONNX Runtime.
 */
const patience = { testTimeout: 300_000, hookTimeout: 300_000 };

/**
 * glibc takes large pages. To start a process, Node copies the list of its own pages: of a process that shares a gigabyte with
 * ONNX Runtime this takes 20 ms with small ones, 2 ms with large ones, and the tests start hundreds.
 */
const largePages = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };

/**
 * Where this names a file, as it does on many company machines, each process of Node reads the certificates in it when it
 * starts, and so takes 80 ms of the processor instead of 30; and no test speaks to a host that has one.
 */
const noCertificates = { NODE_EXTRA_CA_CERTS: '' };

/** Project by project, since a process serves one project; in each the longest files first, then the others as before. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.indexOf(relative(import.meta.dirname, moduleId));
      return at < 0 ? longest.length : at;
    };
    const names = [...new Set(sorted.map(({ project }) => project.name))];
    return names.flatMap((name) =>
      sorted.filter(({ project }) => project.name === name).sort((a, b) => rank(a) - rank(b)),
    );
  }
}

export default defineConfig({
  test: {
    globalSetup: [
      'test/support/temp-in-memory.ts',
      'test/support/bundle-children.ts',
      'test/support/tiny-model.ts',
      'test/support/compile-schemas.ts',
    ],
    // The default `forks` pool: the vm pools break ONNX Runtime's tensors.
    pool: 'forks',
    env: { ...largePages, ...noCertificates },
    // Two more than there are cores, since many tests wait for other processes.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      { resolve: { alias: [bundledEntry] }, test: { name: 'isolated', include: isolatedFiles, ...patience } },
      {
        resolve: { alias: [bundledEntry, sharedSessions] },
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: isolatedFiles,
          isolate: false,
          ...patience,
        },
      },
    ],
  },
});
