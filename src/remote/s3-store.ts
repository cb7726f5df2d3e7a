import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { InferenceError } from '../errors.ts';
import type { Log } from '../util/log.ts';
import type { BlobAddress, BlobStore } from './blob-store.ts';

/** How long a link can be used, in seconds: longer than its piece takes on a slow line, and not much. */
const linkSeconds = 600;

/** What is larger comes in parts of this size, in bytes. Stores take none below 5 MiB, but for the last. */
export const partBytes = 8 * 2 ** 20;

/** A store that has not answered by then does not, in milliseconds. */
const answerMs = 10_000;

/** The store at an address. The client's library is loaded here, since most bots have no use for it. */
export async function openS3Store(address: BlobAddress, log: Log): Promise<BlobStore> {
  const s3 = await import('@aws-sdk/client-s3');
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
  const client = new s3.S3Client(optionsOf(address));
  const { bucket: Bucket, prefix } = address;
  const keyOf = (key: string) => prefix + key;
  let isAway = false;

  /** The operator is told once that the store is away, and once that it is back. */
  async function asked<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await work();
      if (isAway) log.info({}, 'the blob store can be used again');
      isAway = false;
      return result;
    } catch (cause) {
      const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
      const text = `The blob store (BLOB_URL) cannot be used: ${reason}`;
      const error = new InferenceError('blob-store', text, { cause, scope: 'transient' });
      if (!isAway) log.warn({ err: error }, 'the blob store cannot be used: workers try again by themselves');
      isAway = true;
      throw error;
    }
  }

  // The presigner's declaration asks for a command of any input, which none is.
  const sign = (command: unknown, headers: readonly string[] = []) =>
    getSignedUrl(client, command as Parameters<typeof getSignedUrl>[1], {
      expiresIn: linkSeconds,
      signableHeaders: new Set(['host', ...headers]),
    });

  /** The upload in parts of a key that goes on; undefined where there is none. */
  async function findUpload(key: string): Promise<string | undefined> {
    const { Uploads = [] } = await client.send(new s3.ListMultipartUploadsCommand({ Bucket, Prefix: keyOf(key) }));
    return Uploads.find(({ Key }) => Key === keyOf(key))?.UploadId;
  }

  async function size(key: string): Promise<number | undefined> {
    try {
      const { ContentLength } = await client.send(new s3.HeadObjectCommand({ Bucket, Key: keyOf(key) }));
      return ContentLength;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async function planParts(key: string, bytes: number) {
    const Key = keyOf(key);
    let UploadId = await findUpload(key);
    UploadId ??= (await client.send(new s3.CreateMultipartUploadCommand({ Bucket, Key }))).UploadId;
    const { Parts = [] } = await client.send(new s3.ListPartsCommand({ Bucket, Key, UploadId }));
    const there = new Map(Parts.map((part) => [part.PartNumber, part]));
    const wanted = Array.from({ length: Math.ceil(bytes / partBytes) }, (_, index) => {
      const at = index * partBytes;
      return { number: index + 1, at, end: Math.min(bytes, at + partBytes) };
    });
    const missing = wanted.filter(({ number, at, end }) => there.get(number)?.Size !== end - at);
    if (missing.length === 0) {
      const parts = wanted.map(({ number }) => ({ PartNumber: number, ETag: there.get(number)?.ETag }));
      await client.send(
        new s3.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: parts } }),
      );
      return [];
    }
    return Promise.all(
      missing.map(async ({ number, at, end }) => {
        const part = { Bucket, Key, UploadId, PartNumber: number, ContentLength: end - at };
        return { at, end, url: await sign(new s3.UploadPartCommand(part), ['content-length']) };
      }),
    );
  }

  async function listKeys(under: string): Promise<string[]> {
    const keys: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await client.send(
        new s3.ListObjectsV2Command({
          Bucket,
          Prefix: keyOf(under),
          ...(ContinuationToken !== undefined && { ContinuationToken }),
        }),
      );
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key.slice(prefix.length));
      ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (ContinuationToken !== undefined);
    return keys;
  }

  return {
    put: (key, bytes) =>
      asked(async () => {
        const object = { Bucket, Key: keyOf(key), Body: bytes, ContentLength: bytes.byteLength };
        await client.send(new s3.PutObjectCommand(object));
      }),
    get: (key, mostBytes) =>
      asked(async () => {
        try {
          const { Body, ContentLength = 0 } = await client.send(new s3.GetObjectCommand({ Bucket, Key: keyOf(key) }));
          if (Body === undefined) return undefined;
          const chunks: Uint8Array[] = [];
          let bytes = 0;
          for await (const chunk of ContentLength > mostBytes ? [] : (Body as AsyncIterable<Uint8Array>)) {
            bytes += chunk.byteLength;
            chunks.push(chunk);
            if (bytes > mostBytes) break;
          }
          const isWhole = ContentLength <= mostBytes && bytes <= mostBytes;
          if (!isWhole) (Body as { destroy?: () => void }).destroy?.();
          return isWhole ? Buffer.concat(chunks) : undefined;
        } catch (error) {
          if (isMissing(error)) return undefined;
          throw error;
        }
      }),
    linkToGet: (key) => asked(() => sign(new s3.GetObjectCommand({ Bucket, Key: keyOf(key) }))),
    planUpload: (key, bytes) =>
      asked(async () => {
        if ((await size(key)) === bytes) return { parts: [] };
        if (bytes > partBytes) return { parts: await planParts(key, bytes) };
        const object = { Bucket, Key: keyOf(key), ContentLength: bytes };
        return { parts: [{ at: 0, end: bytes, url: await sign(new s3.PutObjectCommand(object), ['content-length']) }] };
      }),
    list: (under) => asked(() => listKeys(under)),
    remove: (under, isKept = () => false) =>
      asked(async () => {
        for (const key of await listKeys(under)) {
          if (!isKept(key)) await client.send(new s3.DeleteObjectCommand({ Bucket, Key: keyOf(key) }));
        }
        const { Uploads = [] } = await client.send(
          new s3.ListMultipartUploadsCommand({ Bucket, Prefix: keyOf(under) }),
        );
        for (const { Key = '', UploadId } of Uploads) {
          if (isKept(Key.slice(prefix.length))) continue;
          await client.send(new s3.AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
        }
      }),
  };
}

/** Checksums of the client's own are left out where none is asked for: not every store knows them. */
function optionsOf({ region, endpoint, credentials }: BlobAddress): S3ClientConfig {
  return {
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials && { credentials }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 2,
    requestHandler: { connectionTimeout: answerMs, requestTimeout: 6 * answerMs },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && ['NotFound', 'NoSuchKey'].includes(error.name);
}
