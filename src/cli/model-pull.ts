import { basename, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { readConfig } from '../config/config.ts';
import { JobCancelledError } from '../errors.ts';
import { realDisk } from '../hub/disk.ts';
import { createHttpClient, type RetryNews } from '../hub/http-client.ts';
import type { Licence } from '../hub/hub-repository.ts';
import { type PullRequest, pullModel } from '../hub/pull-model.ts';
import { type VariantName, variantNames } from '../hub/weight-files.ts';
import { formatBytes } from '../util/format-bytes.ts';
import { type CommandLine, type Given, type OptionDeclaration, readCommandLine, showHelp } from './command-line.ts';
import type { CliIo } from './io.ts';
import { checkModelFolder } from './model-check.ts';
import { createTransferProgress, downloadRetry, formatDuration, idleTimeoutMs } from './transfer-progress.ts';
import { usageError } from './usage-error.ts';

const defaultRepo = 'vdo/stable-video-diffusion-img2vid-xt-1-1';

const line = {
  name: 'kinora model pull',
  about: 'Fetches the files of a Stable Video Diffusion model that Kinora needs. Can be interrupted and run again.',
  options: {
    repo: { value: 'OWNER/NAME', help: `the repository (${defaultRepo})` },
    variant: { value: 'fp16|fp32', help: 'half or full precision (fp16: 4.5 GB for SVD XT; fp32: twice that)' },
    revision: { value: 'REV', help: 'a branch, tag or commit (main)' },
    dir: { value: 'DIR', help: 'the model folder (models/NAME)' },
    unet: {
      value: 'OWNER/NAME[:FILE]',
      help: 'take the UNet from another repository, e.g. wangfuyun/AnimateLCM-SVD-xt',
    },
    'accept-license': { help: 'accept the licence without being asked' },
  },
  notes: 'HF_TOKEN is needed for gated or private repositories; HF_ENDPOINT names a mirror.',
} as const satisfies CommandLine<Record<string, OptionDeclaration>>;

/** `kinora model pull`: weights from the hub into a model folder. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const { values } = given;
  const request = readRequest(values);
  const { hubToken, hubEndpoint } = readConfig(io.environment);
  const progress = createTransferProgress(io.stderr, Date.now);
  const token = hubToken === undefined ? {} : { token: { value: hubToken, origin: new URL(hubEndpoint).origin } };
  const onRetry = (news: RetryNews) => progress.note(describeRetry(news));
  const web = createHttpClient({ fetch, retry: downloadRetry, signal: io.signal, idleTimeoutMs, onRetry, ...token });
  try {
    const result = await pullModel(request, {
      endpoint: hubEndpoint,
      hasToken: hubToken !== undefined,
      web,
      signal: io.signal,
      disk: realDisk,
      now: () => new Date(),
      acceptLicence: (repo, licence) => acceptLicence(repo, licence, { io, accepted: values['accept-license'] }),
      onNote: progress.note,
      onProgress: progress.update,
    });
    progress.stop();
    const fetched = `${result.fetchedFiles} files fetched (${formatBytes(result.fetchedBytes)})`;
    io.stdout.write(`${fetched}, ${result.keptFiles} were there already; ${formatBytes(result.totalBytes)} in all.\n`);
    const verdict = await checkModelFolder(request.folder, io, false);
    if (verdict !== 0) return verdict;
    io.stdout.write(
      'It is used from the next start on, if it is the only model that was downloaded. Else name it in .env: ' +
        `MODEL_DIR=${shownFolder(request.folder)}\n`,
    );
    return 0;
  } catch (error) {
    if (error instanceof JobCancelledError) progress.note('Stopped. Run the same command again to go on from here.');
    throw error;
  } finally {
    progress.stop();
  }
}

function readRequest(values: Given<(typeof line)['options']>['values']): PullRequest {
  const { repo = defaultRepo, revision = 'main', variant = 'fp16', dir } = values;
  if (!isRepository(repo)) throw usageError(`--repo must be OWNER/NAME, such as ${defaultRepo}.`);
  if (!isVariant(variant)) throw usageError(`--variant must be one of ${variantNames.join(', ')}, not "${variant}".`);
  if (!/^[\w./-]+$/.test(revision)) throw usageError('--revision must be a branch, a tag or a commit.');
  const unet = values.unet === undefined ? undefined : readUnet(values.unet);
  const folder = resolve(dir ?? join('models', basename(unet?.repo ?? repo)));
  return { repo, revision, variant, folder, ...(unet === undefined ? {} : { unet }) };
}

function readUnet(text: string): { repo: string; file: string | undefined } {
  const [repo = '', file] = text.split(/:(.*)/, 2);
  if (!isRepository(repo) || (file !== undefined && !file.endsWith('.safetensors'))) {
    throw usageError('--unet must be OWNER/NAME or OWNER/NAME:FILE.safetensors, such as wangfuyun/AnimateLCM-SVD-xt.');
  }
  return { repo, file };
}

function isRepository(text: string): boolean {
  return /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(text);
}

function isVariant(text: string): text is VariantName {
  return variantNames.some((name) => name === text);
}

/** Names the licence, and asks for it where it was not accepted on the command line. */
async function acceptLicence(
  repo: string,
  licence: Licence | undefined,
  { io, accepted }: { io: CliIo; accepted: boolean },
): Promise<boolean> {
  const text =
    licence === undefined
      ? `${repo} names no licence. Find out what its author allows before you use it.`
      : `${repo} is under the licence "${licence.name}": ${licence.link}`;
  io.stderr.write(`${text}\n`);
  if (accepted) return true;
  if (canAsk(io)) return confirm('Have you read it, and do you accept it?', io);
  io.stderr.write('Read it; if you accept it, run again with --accept-license.\n');
  return false;
}

function describeRetry({ address, reason, delayMs, attempt }: RetryNews): string {
  return `${address}: ${reason}; attempt ${attempt + 1} in ${formatDuration(delayMs / 1000)}.`;
}

function shownFolder(folder: string): string {
  const short = relative('', folder);
  return short.startsWith('..') ? folder : short;
}

/** Whether a person can be asked: both ends of the conversation are a terminal. */
function canAsk({ stdin, stderr }: CliIo): boolean {
  return stdin?.isTTY === true && stderr.isTTY === true;
}

/** Asks a yes-or-no question; anything but a yes is a no. The signal ends the wait with its reason. */
async function confirm(question: string, { stdin, stderr, signal }: CliIo): Promise<boolean> {
  if (stdin === undefined) return false;
  const lines = createInterface({ input: stdin, output: stderr, terminal: false });
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    lines.close();
  }
}
