import { UserError } from '../errors.ts';
import { uploadLimitBytes } from '../util/upload-limit.ts';
import { type AttachmentSource, allowedUrl, fetchAttachment, readAtMost, withinTime } from './fetch-attachment.ts';

/** What {@link createDownload} works with. */
export interface DownloadOptions extends AttachmentSource {
  /** Default {@link uploadLimitBytes}. */
  limitBytes?: number;
  /** Default 20,000. */
  timeoutMs?: number;
  /** Aborted when the bot stops: what is being fetched is given up. */
  stopping?: AbortSignal;
}

/** What Discord says of a file; left out where it says nothing. */
interface StatedFile {
  sizeBytes?: number | undefined;
}

/** Fetches attachments. */
export interface Download {
  /** An attachment's bytes; a file that is stated to be too large is not even asked for. */
  (url: string, stated?: StatedFile): Promise<Uint8Array>;
  /**
   * What can be said against an attachment without asking anybody.
   *
   * @throws UserError `picture-host` or `picture-too-many-bytes`
   */
  check(url: string, stated?: StatedFile): void;
}

const megabyte = 1024 * 1024;

/**
 * A fetcher of attachments. Never follows redirects, stops at the size limit while bytes stream in.
 * The promise rejects with a UserError: `picture-host`, `picture-unreachable`, `picture-slow` or `picture-too-many-bytes`.
 */
export function createDownload(options: DownloadOptions): Download {
  const { limitBytes = uploadLimitBytes, timeoutMs = 20_000, stopping } = options;

  function refuseBeyondLimit(isBeyond: boolean): void {
    if (!isBeyond) return;
    const limitMb = Math.floor(limitBytes / megabyte);
    throw new UserError('picture-too-many-bytes', `Pictures may have up to ${limitMb} MB.`, { details: { limitMb } });
  }

  const check: Download['check'] = (address, { sizeBytes = 0 } = {}) => {
    allowedUrl(address, options.allowedHosts);
    refuseBeyondLimit(sizeBytes > limitBytes);
  };

  const download = async (address: string, stated?: StatedFile) => {
    check(address, stated);
    return withinTime({ timeoutMs, stopping }, async (signal) => {
      const { body } = await fetchAttachment(address, options, { signal });
      const { bytes, isCut } = await readAtMost(body, { limitBytes, signal });
      refuseBeyondLimit(isCut);
      return bytes;
    });
  };
  return Object.assign(download, { check });
}
