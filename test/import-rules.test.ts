import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Which folders of src/ a folder may import, besides itself, errors.ts and util/: the table of docs/architecture.md. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  util: [],
  config: [],
  hub: [],
  'inference/safetensors': [],
  'inference/onnx': [],
  'inference/random': [],
  'inference/graph': ['inference/safetensors', 'inference/onnx'],
  'inference/schedulers': ['inference/random'],
  'inference/nn': ['inference/graph'],
  'inference/models': ['inference/safetensors', 'inference/graph', 'inference/nn'],
  'inference/runtime': ['inference/onnx'],
  'inference/pipeline': [
    ...['safetensors', 'onnx', 'random', 'graph', 'schedulers', 'nn', 'models', 'runtime'].map(
      (name) => `inference/${name}`,
    ),
  ],
  media: [],
  render: ['media', 'inference/pipeline'],
  jobs: ['render'],
  commands: ['jobs', 'bot'],
  bot: ['jobs', 'commands'],
  'fake-discord': [],
  playground: ['fake-discord', 'playground/page'],
  'playground/page': ['fake-discord', 'playground'],
};
const folders = Object.keys(mayImport);

/** Folders that put the others together. */
const assemblers = ['cli'];

/** The only folders or files that may import a package. */
const homes: Readonly<Record<string, readonly string[]>> = {
  dotenv: ['config'],
  'onnxruntime-node': ['inference/runtime'],
  sharp: ['media'],
  'fluent-ffmpeg': ['media'],
  '@ffmpeg-installer/ffmpeg': ['media'],
  'node:child_process': ['render'],
  child_process: [],
  'p-queue': ['jobs'],
  libsql: ['jobs'],
  'discord.js': ['bot', 'commands'],
  ws: ['fake-discord', 'playground'],
  '@huggingface/hub': ['hub'],
  esbuild: ['playground'],
  lit: ['playground/page'],
  '@skyra/discord-components-core': ['playground/page'],
};

/** One forbidden import, as `folder: specifier`. */
function forbidden(): string[] {
  const found: string[] = [];
  for (const folder of [...folders, ...assemblers]) {
    for (const other of [...folders, ...assemblers]) {
      if (!allows(folder, other)) found.push(`${folder}: ${other}`);
    }
    for (const [name, places] of Object.entries(homes)) {
      if (!places.includes(folder)) found.push(`${folder}: ${name}`);
    }
  }
  return found;
}

function allows(folder: string, other: string): boolean {
  return assemblers.includes(folder) || folder === other || other === 'util' || mayImport[folder]!.includes(other);
}

interface Diagnostic {
  /** The rule, e.g. `lint/style/noProcessEnv`. */
  category: string;
  location: { path: string; start: { line: number } };
}

/** What the linter, with the rules of biome.json, says about files that are written for it. */
async function lint(files: Readonly<Record<string, string>>): Promise<Diagnostic[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kinora-test-'));
  const { vcs: _, $schema: __, ...rules } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
  const all = { ...files, 'biome.json': JSON.stringify({ ...rules, files: { includes: ['src/**'] } }) };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const program = join(root, 'node_modules', '.bin', 'biome');
  const argv = ['lint', '--max-diagnostics=none', '--reporter=json', 'src'];
  const output = await promisify(execFile)(program, argv, { cwd: folder, maxBuffer: 2 ** 26 })
    // It fails where it found something, which is what is wanted.
    .catch((failure: { stdout: string }) => failure)
    .finally(() => rmSync(folder, { recursive: true }));
  return JSON.parse(output.stdout).diagnostics;
}

/** Every form that an import of `specifier` can take, one a line. */
const forms = (specifier: string) => [
  `import { a } from '${specifier}';`,
  `import type { B } from '${specifier}';`,
  `import '${specifier}';`,
  `export { c } from '${specifier}';`,
  `export * from '${specifier}';`,
  `export const d = () => import('${specifier}');`,
];

function pathTo(folder: string, from: string): string {
  return relative(dirname(from), `src/${folder}/x.ts`).replace(/^(?!\.)/, './');
}

/** For each folder a file that imports everything, and what each of its lines tries, as {@link forbidden} writes it. */
const probes = [...folders, ...assemblers].map((folder) => {
  const path = `src/${folder}/probe.ts`;
  const packages = Object.keys(homes).map((name) => [name, name] as const);
  const others = [...folders, ...assemblers].map((other) => [other, pathTo(other, path)] as const);
  return {
    path,
    text: [...packages, ...others].map(([, specifier]) => `import '${specifier}';`).join('\n'),
    tries: [...packages, ...others].map(([name]) => `${folder}: ${name}`),
  };
});

const usesEnvironment = 'export const home = process.env.HOME;\n';
const formsTried = [...forms('../bot/x.ts'), ...forms('discord.js')];

describe('biome.json', () => {
  let found: Diagnostic[] = [];
  /** Places that a rule complains of, as `path:line`. */
  const complaints = (rule: string) =>
    found
      .filter(({ category }) => category === `lint/${rule}`)
      .map(({ location: { path, start } }) => `${path}:${start.line}`);

  beforeAll(async () => {
    found = await lint({
      ...Object.fromEntries(probes.map(({ path, text }) => [path, text])),
      'src/media/forms.ts': formsTried.join('\n'),
      'src/jobs/one.ts': "import type { Two } from './two.ts';\nexport type One = Two | 1;\n",
      'src/jobs/two.ts': "import type { One } from './one.ts';\nexport type Two = One | 2;\n",
      ...{ 'src/config/env.ts': usesEnvironment, 'src/cli/env.ts': usesEnvironment, 'src/main.ts': usesEnvironment },
    });
  }, 120_000);

  it('refuses exactly what the table does not allow', () => {
    const places = new Set(complaints('style/noRestrictedImports'));
    const refused = probes.flatMap(({ path, tries }) => tries.filter((_, index) => places.has(`${path}:${index + 1}`)));
    expect(refused.sort()).toEqual(forbidden().sort());
  });

  it('refuses an import in every form that it can take', () => {
    const places = complaints('style/noRestrictedImports').filter((place) => place.startsWith('src/media/forms.ts'));
    // In whatever order the linter's threads find them.
    expect(places.sort()).toEqual(formsTried.map((_, index) => `src/media/forms.ts:${index + 1}`).sort());
  });

  it('refuses cycles, those of types included', () => {
    expect(complaints('suspicious/noImportCycles').sort()).toEqual(['src/jobs/one.ts:1', 'src/jobs/two.ts:1']);
  });

  it('refuses process.env everywhere but in config', () => {
    expect(complaints('style/noProcessEnv').sort()).toEqual(['src/cli/env.ts:1', 'src/main.ts:1']);
  });
});

describe('src', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `src/${path.replaceAll('\\', '/')}`);
  const isIn = (file: string, place: string) => file.startsWith(`src/${place}/`);
  const find = (pattern: RegExp, where: (file: string) => boolean) =>
    files.filter(where).flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return [...text.matchAll(pattern)].map(([line, word]) => ({ file, found: word ?? line }));
    });

  it('reaches packages by no door that the linter does not watch: files within them, import(…) types', () => {
    const imports = find(
      /(?:from|import) ?\(?'([^'.][^']*)'/g,
      (file) => !assemblers.some((place) => isIn(file, place)),
    );
    const wrong = imports.filter(({ file, found }) => {
      const name = Object.keys(homes).find((known) => found === known || found.startsWith(`${known}/`));
      return name !== undefined && !homes[name]!.some((place) => isIn(file, place));
    });
    expect(imports.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });

  it('lets jobs see of render nothing but its types.ts', () => {
    expect(find(/'\.\.\/render\/(?!types\.ts').*/g, (file) => isIn(file, 'jobs'))).toEqual([]);
  });

  it('takes the environment from process in config alone', () => {
    const others = (file: string) => !isIn(file, 'config');
    expect(find(/\benv\b[^;]*\} = process\b|from '(?:node:)?process'/g, others)).toEqual([]);
  });
});
