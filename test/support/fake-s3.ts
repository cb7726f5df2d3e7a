import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { BlobAddress } from '../../src/remote/blob-store.ts';

/** A store that speaks S3 as Amazon documents it, as much as is asked of it here, and believes nobody. */
export interface FakeS3 {
  url: string;
  objects: Map<string, Buffer>;
  /** Uploads in parts that were begun and not ended: of which key, with which parts. */
  uploads: Map<string, { key: string; parts: Map<number, Buffer> }>;
  /** `METHOD key` of what was asked, whatever became of it. */
  asked: string[];
  /** Answers every request with 503. */
  isDown: boolean;
  /** How far its clock is ahead, in milliseconds. */
  aheadMs: number;
  /** Called before a request is answered; true: the connection is cut instead. */
  cut: (request: { method: string; key: string; query: URLSearchParams }) => boolean;
}

export const s3Credentials = { accessKeyId: 'KINORATESTKEY', secretAccessKey: 'a-secret-key-of-the-test/0123456789' };
export const s3Bucket = 'clips';
const s3Region = 'eu-test-1';

/** How it is reached by whoever may use all of it. */
export function fakeS3Address({ url }: Pick<FakeS3, 'url'>): BlobAddress {
  return { bucket: s3Bucket, prefix: 'kinora/', region: s3Region, endpoint: url, credentials: s3Credentials };
}

/** Links and requests that are older, or from further ahead, are refused; in milliseconds. */
const mostSkewMs = 900_000;

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
  }
}

/** Ends with the test. Call it in the test. */
export async function startFakeS3(): Promise<FakeS3> {
  const fake: FakeS3 = {
    url: '',
    objects: new Map(),
    uploads: new Map(),
    asked: [],
    isDown: false,
    aheadMs: 0,
    cut: () => false,
  };
  const server = createServer((request, response) => {
    serve(fake, request, response).catch((error: unknown) => {
      const [status, code] = error instanceof Refusal ? [error.status, error.message] : [500, String(error)];
      response.setHeader('date', new Date(Date.now() + fake.aheadMs).toUTCString());
      const body = request.method === 'HEAD' ? '' : `<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
      response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return fake;
}

async function serve(fake: FakeS3, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', headers } = request;
  const url = new URL(request.url ?? '', 'http://host');
  const [bucket, ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  const key = rest.join('/');
  const query = url.searchParams;
  fake.asked.push(`${method} ${key}`);
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  if (fake.cut({ method, key, query })) {
    response.destroy();
    return;
  }
  if (fake.isDown) throw new Refusal(503, 'SlowDown');
  const body = Buffer.concat(chunks);
  verify(request, { url, body, nowMs: Date.now() + fake.aheadMs });
  if (bucket !== s3Bucket) throw new Refusal(404, 'NoSuchBucket');
  response.setHeader('date', new Date(Date.now() + fake.aheadMs).toUTCString());
  const xml = (text: string) => response.writeHead(200, { 'content-type': 'application/xml' }).end(text);
  const uploadId = query.get('uploadId');
  const upload = uploadId === null ? undefined : fake.uploads.get(uploadId);
  if (uploadId !== null && upload?.key !== key) throw new Refusal(404, 'NoSuchUpload');
  if (key === '') return void xml(list(fake, query));
  if (upload !== undefined) {
    if (method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      return void response.writeHead(200, { etag: tagOf(body) }).end();
    }
    if (method === 'GET') {
      const parts = [...upload.parts].sort(([a], [b]) => a - b);
      const texts = parts.map(([number, bytes]) => {
        return `<Part><PartNumber>${number}</PartNumber><ETag>${tagOf(bytes)}</ETag><Size>${bytes.byteLength}</Size></Part>`;
      });
      return void xml(`<ListPartsResult>${texts.join('')}<IsTruncated>false</IsTruncated></ListPartsResult>`);
    }
    fake.uploads.delete(uploadId ?? '');
    if (method === 'DELETE') return void response.writeHead(204).end();
    fake.objects.set(key, joined(upload.parts, body.toString()));
    return void xml(`<CompleteMultipartUploadResult><Key>${key}</Key></CompleteMultipartUploadResult>`);
  }
  if (method === 'POST' && query.has('uploads')) {
    const id = randomBytes(8).toString('hex');
    fake.uploads.set(id, { key, parts: new Map() });
    return void xml(
      `<InitiateMultipartUploadResult><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }
  if (method === 'PUT') {
    fake.objects.set(key, body);
    return void response.writeHead(200, { etag: tagOf(body) }).end();
  }
  if (method === 'DELETE') {
    fake.objects.delete(key);
    return void response.writeHead(204).end();
  }
  const object = fake.objects.get(key);
  if (object === undefined) throw new Refusal(404, method === 'HEAD' ? 'NotFound' : 'NoSuchKey');
  if (method === 'HEAD') return void response.writeHead(200, { 'content-length': object.byteLength }).end();
  if (method !== 'GET') throw new Refusal(405, 'MethodNotAllowed');
  const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
  const at = Number(from ?? 0);
  response.writeHead(from === undefined ? 200 : 206, { 'content-length': object.byteLength - at });
  response.end(object.subarray(at));
}

/** Of what the completion names, in its order, each with the tag that it says: no other part counts. */
function joined(parts: Map<number, Buffer>, completion: string): Buffer {
  const named = [...completion.matchAll(/<Part>.*?<\/Part>/gs)].map(([text]) => {
    const number = Number(/<PartNumber>(\d+)</.exec(text)?.[1]);
    const part = parts.get(number);
    const tag = /<ETag>(.*?)<\/ETag>/.exec(text)?.[1]?.replaceAll('&quot;', '"');
    if (part === undefined || tag !== tagOf(part)) throw new Refusal(400, 'InvalidPart');
    return { number, part };
  });
  if (named.length === 0 || named.some(({ number }, index) => index > 0 && number <= named[index - 1]!.number)) {
    throw new Refusal(400, 'InvalidPartOrder');
  }
  // Only the last may be small.
  if (named.slice(0, -1).some(({ part }) => part.byteLength < 5 * 2 ** 20)) throw new Refusal(400, 'EntityTooSmall');
  return Buffer.concat(named.map(({ part }) => part));
}

/** Two objects a page, so that who does not ask for the next page is seen. */
function list({ objects, uploads }: FakeS3, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  if (query.has('uploads')) {
    const found = [...uploads].filter(([, { key }]) => key.startsWith(prefix));
    const texts = found.map(([id, { key }]) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`);
    return `<ListMultipartUploadsResult>${texts.join('')}</ListMultipartUploadsResult>`;
  }
  const after = query.get('continuation-token') ?? '';
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, 2);
  const next = keys.length > 2 ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
  const texts = page.map((key) => `<Contents><Key>${key}</Key><Size>${objects.get(key)!.byteLength}</Size></Contents>`);
  return `<ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${next}${texts.join('')}</ListBucketResult>`;
}

const tagOf = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html */
function verify(request: IncomingMessage, { url, body, nowMs }: { url: URL; body: Buffer; nowMs: number }): void {
  const { headers, method = '' } = request;
  const query = url.searchParams;
  const isLink = query.has('X-Amz-Signature');
  const fields = new Map(
    [...(headers.authorization ?? '').matchAll(/(\w+)=([^\s,]+)/g)].map(([, name, value]) => [name!, value!]),
  );
  const given = (name: string) => (isLink ? query.get(`X-Amz-${name}`) : fields.get(name)) ?? '';
  const date = isLink ? given('Date') : String(headers['x-amz-date'] ?? '');
  const sentMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(sentMs)) throw new Refusal(403, 'AccessDenied');
  if (Math.abs(nowMs - sentMs) > mostSkewMs) throw new Refusal(403, 'RequestTimeTooSkewed');
  if (isLink && nowMs > sentMs + Number(given('Expires')) * 1000) throw new Refusal(403, 'AccessDenied');
  const scope = `${date.slice(0, 8)}/${s3Region}/s3/aws4_request`;
  if (given('Credential') !== `${s3Credentials.accessKeyId}/${scope}`) throw new Refusal(403, 'InvalidAccessKeyId');
  const names = given('SignedHeaders').split(';');
  const written = (name: string) => String(headers[name] ?? '').trim();
  const mustBeSigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  if (mustBeSigned.some((name) => !names.includes(name))) throw new Refusal(403, 'AccessDenied');
  const digest = isLink ? 'UNSIGNED-PAYLOAD' : written('x-amz-content-sha256');
  if (digest !== 'UNSIGNED-PAYLOAD' && digest !== sha256(body)) throw new Refusal(400, 'XAmzContentSHA256Mismatch');
  const canonicalQuery = [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map((pair) => pair.map(encode).join('='))
    .sort()
    .join('&');
  const canonical = [
    method,
    url.pathname,
    canonicalQuery,
    ...names.map((name) => `${name}:${written(name)}`),
    '',
    names.join(';'),
    digest,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const start: string | Buffer = `AWS4${s3Credentials.secretAccessKey}`;
  const signingKey = scope.split('/').reduce((key: string | Buffer, part) => hmac(key, part), start);
  if (hmac(signingKey, text).toString('hex') !== given('Signature')) throw new Refusal(403, 'SignatureDoesNotMatch');
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
