import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseLibraries } from '../../../bench/gpu/pack/choose-libraries.ts';
import { copyPackages } from '../../../bench/gpu/pack/node-packages.ts';
import { writeChecksums, writePieces } from '../../../bench/gpu/pack/pieces.ts';

let root: string;
let pack: string;

/** In place of Node: writes down what it was started with; setting CUDA up fails the first time. */
const node = `#!/bin/sh
if [ "$1" = --version ]; then exit 0; fi
echo "$@" >> "$LOG"
case "$1" in
  *set-up-cuda.js) [ "$(grep -c set-up-cuda "$LOG")" -gt 1 ] ;;
esac
`;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kinora-pack-'));
  pack = join(root, 'pack');
  const base = join(root, 'staging', 'base');
  await mkdir(base, { recursive: true });
  await mkdir(pack);
  writeFileSync(join(base, 'node'), node, { mode: 0o755 });
  // Noise does not shrink, so that there is more than one piece.
  const noise = Array.from({ length: 150 }, (_, at) => createHash('sha256').update(`${at}`).digest());
  writeFileSync(join(base, 'data'), Buffer.concat(noise));
  const { signal } = new AbortController();
  await writePieces(join(root, 'staging'), { name: 'base', target: pack, signal, pieceBytes: 1000 });
  cpSync('bench/gpu/pack/run.sh', join(pack, 'run.sh'));
  await writeChecksums(pack);
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** Starts run.sh as a person would; gives the exit code and what it says. */
function start(...words: string[]): Promise<{ code: number; said: string }> {
  const env = { PATH: process.env.PATH, LOG: join(root, 'log') };
  return new Promise((answer) => {
    execFile('sh', [join(pack, 'run.sh'), ...words], { env }, (error, _, stderr) =>
      answer({ code: error === null ? 0 : Number(error.code), said: stderr }),
    );
  });
}

const log = () => readFileSync(join(root, 'log'), 'utf8').trim().split('\n');

describe('a pack', () => {
  it('is in pieces of the size that is allowed, and unpacks to what was packed', async () => {
    const pieces = readdirSync(pack).filter((name) => name.startsWith('base.tar.gz.'));
    expect(pieces.length).toBeGreaterThan(1);
    expect(Math.max(...pieces.map((name) => statSync(join(pack, name)).size))).toBeLessThanOrEqual(1000);
    expect(await start('--provider', 'cpu')).toMatchObject({ code: 0 });
    const unpacked = readFileSync(join(pack, 'unpacked', 'base', 'data'));
    expect(unpacked).toEqual(readFileSync(join(root, 'staging', 'base', 'data')));
    const program = join(pack, 'unpacked/base/bench/gpu.js');
    const folders = `--work ${join(pack, 'unpacked/work')} --collect ${join(pack, 'results')}`;
    expect(log()).toEqual([`${program} ${folders} --provider cpu`]);
  });

  it('is unpacked once, and anew where another one lies there', async () => {
    await start('--provider', 'cpu');
    writeFileSync(join(pack, 'unpacked', 'base', 'mark'), '');
    expect((await start('--provider', 'cpu')).said).not.toContain('unpacking');
    expect(existsSync(join(pack, 'unpacked', 'base', 'mark'))).toBe(true);
    writeFileSync(join(pack, 'run.sh'), `${readFileSync(join(pack, 'run.sh'), 'utf8')}\n`);
    await writeChecksums(pack);
    expect((await start('--provider', 'cpu')).said).toContain('unpacking');
    expect(existsSync(join(pack, 'unpacked', 'base', 'mark'))).toBe(false);
  });

  it('is refused where a piece is missing or damaged, and then nothing is started', async () => {
    const piece = join(pack, 'base.tar.gz.01');
    const bytes = readFileSync(piece);
    writeFileSync(
      piece,
      bytes.map((value, at) => (at === 9 ? value ^ 1 : value)),
    );
    expect(await start('--provider', 'cpu')).toMatchObject({
      code: 1,
      said: expect.stringContaining('base.tar.gz.01'),
    });
    await rm(piece);
    expect(await start('--provider', 'cpu')).toMatchObject({
      code: 1,
      said: expect.stringContaining('base.tar.gz.01'),
    });
    expect(existsSync(join(root, 'log'))).toBe(false);
  });

  it('sets CUDA up before it measures on a card, until that has succeeded', async () => {
    for (let time = 0; time < 3; time++) expect(await start('--sections', 'step')).toMatchObject({ code: 0 });
    expect(log().filter((line) => line.includes('set-up-cuda'))).toHaveLength(2);
    expect(log()[0]).toMatch(/set-up-cuda\.js \S+\/unpacked\/provider \S+\/unpacked\/cuda$/);
    expect(log()[1]).toMatch(/gpu\.js .* --sections step$/);
  });

  it('has the packages that run, without those that build and without other systems', async () => {
    const source = join(root, 'source');
    const files = {
      'node_modules/runs/index.js': '',
      'node_modules/runs/index.d.ts': '',
      'node_modules/runs/node_modules/inner/index.js': '',
      'node_modules/builds/index.js': '',
      'node_modules/onnxruntime-node/bin/napi-v6/win32/x64/library.dll': '',
      'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/library.so': '',
      'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so': '',
      'package-lock.json': JSON.stringify({
        packages: {
          '': {},
          'node_modules/runs': {},
          'node_modules/runs/node_modules/inner': {},
          'node_modules/onnxruntime-node': {},
          'node_modules/builds': { dev: true },
          'node_modules/not-for-this-system': { optional: true },
        },
      }),
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(source, path, '..'), { recursive: true });
      writeFileSync(join(source, path), text);
    }
    copyPackages(source, join(root, 'copied'));
    const copied = readdirSync(join(root, 'copied'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(root, 'copied/node_modules/').length));
    expect(copied.sort()).toEqual([
      'onnxruntime-node/bin/napi-v6/linux/x64/library.so',
      'runs/index.js',
      'runs/node_modules/inner/index.js',
    ]);
  });
});

describe('the CUDA libraries of a bare machine', () => {
  const candidates = [
    { name: "the system's", folders: [] },
    { name: "PyTorch's", folders: ['/python/nvidia'] },
    { name: "the pack's", folders: ['/pack/cuda'] },
  ];

  function choose(answers: Readonly<Record<string, readonly string[] | Error>>, some = candidates) {
    const told: string[] = [];
    const install = async (folders: readonly string[]) => {
      const answer = answers[folders[0] ?? 'system'] ?? [];
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const chosen = chooseLibraries({ candidates: some, install, tell: (line) => void told.push(line) });
    return chosen.then((name) => ({ name, told }));
  }

  it("are the system's, else PyTorch's, else the pack's", async () => {
    expect((await choose({})).name).toBe("the system's");
    expect((await choose({ system: ['libcudnn.so.9'] })).name).toBe("PyTorch's");
    const old = { system: ['libcudnn.so.9'], '/python/nvidia': new Error('CUDA 12, and it needs libcudart.so.13') };
    expect(await choose(old)).toEqual({
      name: "the pack's",
      told: [
        "CUDA libraries: the system's lack libcudnn.so.9",
        "CUDA libraries: PyTorch's cannot be taken: CUDA 12, and it needs libcudart.so.13",
        "CUDA libraries: the pack's are taken",
      ],
    });
  });

  it('are told of where none has all', async () => {
    const none = [candidates[0]!, { name: "PyTorch's", folders: [] }];
    expect(await choose({ system: ['libcufft.so.12'] }, none)).toEqual({
      name: undefined,
      told: ["CUDA libraries: the system's lack libcufft.so.12", "CUDA libraries: PyTorch's are not there"],
    });
  });
});
