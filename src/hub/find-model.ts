import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';

/** What {@link findModel} looks around in; tests put their own in place. */
interface FindModelOptions {
  /** `HOME`, and where Hugging Face keeps its cache: HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME. */
  environment: Readonly<Record<string, string | undefined>>;
  /** What relative paths are taken from; default: the process's. */
  workingFolder?: string;
}

/** How Hugging Face's libraries name a repository's folder in their cache. */
const cacheFolderName = /^models--([^/\\]+?)--([^/\\]+)$/;

/**
 * The path of a model that a person named: a folder in diffusers' layout or a file, as MODEL_DIR and `--model` have it.
 * `~/…` is expanded; the name of a repository of the Hub, and a repository's folder in Hugging Face's cache, become the
 * snapshot in that cache. Whether it is a model is checked when it is read.
 * @param named as written, or made absolute from the working folder
 * @throws ConfigError `model-not-found` there is nothing; the message says what to do
 */
export async function findModel(
  named: string,
  { environment, workingFolder = process.cwd() }: FindModelOptions,
): Promise<string> {
  const { path, written } = expandPath(named, { environment, workingFolder });
  const entry = await stat(path).catch(() => undefined);
  if (entry !== undefined) {
    if (entry.isFile() && basename(path) === 'model_index.json') return dirname(path);
    return entry.isDirectory() ? snapshotOr(path) : path;
  }
  await refuseDangling(path);
  const repository = repositoryNamed(written);
  if (repository === undefined) {
    throw notFound(
      `There is no model at ${path}. Name a model folder or a .safetensors file; kinora model pull fetches a model.`,
    );
  }
  return findInCache(repository, { path, environment, workingFolder });
}

/**
 * The path of a file that a person named; `~/…` is expanded.
 * @throws ConfigError `model-not-found` there is no such file
 */
export async function findWeightFile(
  named: string,
  { environment, workingFolder = process.cwd() }: FindModelOptions,
): Promise<string> {
  const { path } = expandPath(named, { environment, workingFolder });
  const entry = await stat(path).catch(() => undefined);
  if (entry?.isFile()) return path;
  await refuseDangling(path);
  throw notFound(entry === undefined ? `There is no file ${path}.` : `${path} is a folder: name the file in it.`);
}

/** What was written, also where a configuration has made it absolute before, and the path that it means. */
function expandPath(named: string, { environment, workingFolder }: Required<FindModelOptions>) {
  const home = environment.HOME ?? homedir();
  const absolute = resolve(workingFolder, named);
  const written = relative(workingFolder, absolute).replaceAll('\\', '/');
  const path = /^~(\/|$)/.test(written) ? join(home, written.slice(1)) : absolute;
  return { path, written };
}

async function refuseDangling(path: string): Promise<void> {
  const target = await readlink(path).catch(() => undefined);
  if (target === undefined) return;
  throw notFound(`${path} is a link to ${target}, which is not there (was a cache pruned, or a disk not mounted?).`);
}

function notFound(message: string): ConfigError {
  return new ConfigError('model-not-found', message);
}

/** `owner/name`, also as the address of its page on the Hub. */
function repositoryNamed(written: string): string | undefined {
  const [, owner, name] =
    /^(?:https?:\/+(?:www\.)?huggingface\.co\/)?([\w-][\w.-]*)\/([\w-][\w.-]*)(?:\/tree\/[^/]+)?\/?$/.exec(written) ??
    [];
  return owner === undefined || name === undefined ? undefined : `${owner}/${name}`;
}

async function findInCache(
  repository: string,
  { path, environment, workingFolder }: { path: string } & Required<FindModelOptions>,
): Promise<string> {
  const cache = cacheOf(environment);
  const cached = join(cache, `models--${repository.replace('/', '--')}`);
  if (await isFolder(cached)) return snapshotOr(cached);
  const siblings = await foldersIn(dirname(path));
  if (siblings.length > 0) {
    throw notFound(`There is no model at ${path}; ${dirname(path)} has ${siblings.slice(0, 10).join(', ')}.`);
  }
  const pulled = join('models', basename(repository));
  const hint = (await isFolder(resolve(workingFolder, pulled)))
    ? `${pulled} is here: name that.`
    : `To fetch it: kinora model pull --repo ${repository}, which puts it into ${pulled}.`;
  throw notFound(
    `There is no folder ${path}, and no repository ${repository} in Hugging Face's cache (${cache}). ${hint}`,
  );
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
}

/** The folder of Hugging Face's cache, as its libraries find it. */
export function cacheOf(environment: FindModelOptions['environment']): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HOME = homedir() } = environment;
  const home = HF_HOME ?? join(XDG_CACHE_HOME ?? join(HOME, '.cache'), 'huggingface');
  return HF_HUB_CACHE ?? HUGGINGFACE_HUB_CACHE ?? join(home, 'hub');
}

/**
 * The snapshot of a repository's folder in Hugging Face's cache; any other folder as it is.
 * @throws ConfigError `model-not-found` there is none, or nothing says which
 */
export async function snapshotOr(folder: string): Promise<string> {
  if (basename(folder) === 'snapshots' && cacheFolderName.test(basename(dirname(folder)))) {
    return snapshotOr(dirname(folder));
  }
  const [, owner, name] = cacheFolderName.exec(basename(folder)) ?? [];
  const snapshots = join(folder, 'snapshots');
  const commits = await readdir(snapshots).catch(() => undefined);
  if (owner === undefined || name === undefined) return folder;
  const main = (await readFile(join(folder, 'refs', 'main'), 'utf8').catch(() => '')).trim();
  const [only] = commits ?? [];
  if (commits?.includes(main)) return join(snapshots, main);
  if (only !== undefined && commits?.length === 1) return join(snapshots, only);
  const what =
    only === undefined
      ? `holds no snapshot. To fetch the model: kinora model pull --repo ${owner}/${name}.`
      : `holds several snapshots and does not say which is the newest: name one of ${snapshots}/${commits?.join(', ')}.`;
  throw notFound(`${folder}, a repository's folder in Hugging Face's cache, ${what}`);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
