import { DownloadError } from '../errors.ts';

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
