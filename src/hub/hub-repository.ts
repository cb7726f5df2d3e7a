import { type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub';
import { z } from 'zod';
import { AppError, DownloadError } from '../errors.ts';
import { connectionLost, type HttpClient } from './http-client.ts';
import type { Digest } from './part-file.ts';

/** A licence as a repository's model card names it. */
export interface Licence {
  name: string;
  link: string;
}

/** A file of a repository at one commit. */
export interface RepositoryFile {
  path: string;
  sizeBytes: number;
  digest: Digest;
}

/** A model repository of the hub, fixed at one commit. */
export interface HubRepository {
  /** `owner/name`. */
  repo: string;
  /** The full commit, so that every file comes from the same version. */
  commit: string;
  /** undefined: the model card names none. */
  licence: Licence | undefined;
  files: ReadonlyMap<string, RepositoryFile>;
}

export interface HubAccess {
  /** Origin (and path) of the hub, without a slash at the end. */
  endpoint: string;
  hasToken: boolean;
  web: HttpClient;
  signal: AbortSignal;
}

const maxFiles = 20_000;

/**
 * Reads what a repository holds at `revision` (a branch, tag or commit).
 * @throws DownloadError `gated`, `unauthorized`, `not-found`, `revision-not-found`, `connection-lost`
 */
export async function readRepository(repo: string, revision: string, access: HubAccess): Promise<HubRepository> {
  const { endpoint, signal } = access;
  const common = { hubUrl: endpoint, fetch: libraryFetch(repo, access) };
  try {
    const info = await modelInfo({ name: repo, revision, additionalFields: ['sha', 'cardData'], ...common });
    if (!/^[\da-f]{7,64}$/.test(info.sha))
      throw new DownloadError('refused', `${endpoint} names no commit for ${repo}.`);
    const licence = licenceOf(info.cardData, { endpoint, repo, commit: info.sha });
    const files = new Map<string, RepositoryFile>();
    const listing = { repo: { type: 'model', name: repo }, recursive: true, revision: info.sha } as const;
    for await (const entry of listFiles({ ...listing, ...common })) {
      if (files.size >= maxFiles) throw new DownloadError('refused', `${repo} has more than ${maxFiles} files.`);
      const digest = digestOf(entry);
      if (digest !== undefined) files.set(entry.path, { path: entry.path, sizeBytes: entry.size, digest });
    }
    return { repo, commit: info.sha, licence, files };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof AppError ? error : connectionLost(new URL(endpoint).host, error);
  }
}

/** The address of one file's bytes at a commit. */
export function fileUrl(endpoint: string, { repo, commit }: HubRepository, path: string): string {
  return `${endpoint}/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * The fetch that @huggingface/hub works with: retried, redirected and given the token by {@link HttpClient}, which the library's
 * own would also send to whatever host a `Link` header names.
 */
function libraryFetch(repo: string, access: HubAccess): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const { response } = await access.web.open(url, Object.fromEntries(new Headers(init?.headers)));
    if (response.ok) return response;
    await response.body?.cancel();
    throw hubRefusal(response.status, response.headers, { repo, ...access });
  };
}

/** Large files carry their SHA-256, small ones git's blob name; folders and anything else have none. */
function digestOf(entry: ListFileEntry): Digest | undefined {
  if (entry.type !== 'file') return undefined;
  if (entry.lfs !== undefined && /^[\da-f]{64}$/.test(entry.lfs.oid)) return { kind: 'sha256', hex: entry.lfs.oid };
  if (entry.oid !== undefined && /^[\da-f]{40}$/.test(entry.oid)) return { kind: 'git-blob', hex: entry.oid };
  return undefined;
}

/** What a model card says of its licence; the repository's owner writes it by hand, so it may hold anything. */
const plainText = z.string().transform((text) => text.replace(/\p{Cc}+/gu, ' ').slice(0, 500));
const licenceCard = z.object({
  license: z.union([plainText, z.array(plainText).transform((names) => names.join(', '))]).optional(),
  license_name: plainText.optional(),
  license_link: plainText.optional(),
});

function licenceOf(card: unknown, { endpoint, repo, commit }: Record<'endpoint' | 'repo' | 'commit', string>) {
  const { license, license_name, license_link } = licenceCard.safeParse(card).data ?? {};
  const name = license_name ?? license;
  if (name === undefined) return undefined;
  const page = `${endpoint}/${repo}`;
  if (license_link === undefined) return { name, link: page };
  const isWhole = /^https?:\/\//.test(license_link);
  return { name, link: isWhole ? license_link : `${page}/blob/${commit}/${license_link}` };
}

/** Where a repository lies and whether a token goes with the requests. */
export interface RefusalContext {
  /** `owner/name`. */
  repo: string;
  /** Origin of the hub, without a slash at the end. */
  endpoint: string;
  hasToken: boolean;
}

/** What a status of the hub that is no success means for the operator, and what to do about it. */
export function hubRefusal(status: number, headers: Headers, context: RefusalContext): DownloadError {
  const { repo, endpoint, hasToken } = context;
  const page = `${endpoint}/${repo}`;
  const reason = headers.get('x-error-code');
  if (reason === 'GatedRepo' || (status === 403 && hasToken)) {
    const message = hasToken
      ? `${repo} is gated and this HF_TOKEN has no access: open ${page}, ask for access with the token's account, then run again.`
      : `${repo} is gated: open ${page}, accept its conditions, make a token with read access and set HF_TOKEN, then run again.`;
    return new DownloadError('gated', message);
  }
  if (status === 401 || status === 403) {
    const message = hasToken
      ? `The hub does not accept this HF_TOKEN (${status}): check that it is whole, not expired and may read ${repo}.`
      : `${repo} is private, gated or does not exist (${status}). If ${page} is right, set HF_TOKEN to a token that may read it.`;
    return new DownloadError('unauthorized', message);
  }
  if (reason === 'RevisionNotFound') {
    return new DownloadError('revision-not-found', `${repo} has no such revision: check --revision against ${page}.`);
  }
  if (status === 404) {
    return new DownloadError(
      'not-found',
      `${repo} was not found at ${endpoint}: check --repo (owner/name) and --revision.`,
    );
  }
  return new DownloadError('refused', `The hub answered ${status} for ${repo}; see ${page}.`);
}
