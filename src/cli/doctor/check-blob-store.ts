import { randomBytes } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import { openS3Store } from '../../remote/s3-store.ts';
import type { Log } from '../../util/log.ts';
import { type Finding, finding } from './finding.ts';

/** Stores refuse links whose time is further off than 15 minutes; in milliseconds. */
const mostSkewMs = 900_000;

/** From here on it is told. */
const noteworthySkewMs = 60_000;

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Whether the store of BLOB_URL can be used as the bot and its workers do it; nothing where there is none. */
export async function checkBlobStore({ blobs, remote }: Pick<Config, 'blobs' | 'remote'>): Promise<Finding[]> {
  if (blobs === undefined) return [];
  if (remote.queueUrl === undefined) {
    const text = 'BLOB_URL is set, but QUEUE_URL is not: files travel only to workers on other hosts';
    return [{ check: 'Blob store', verdict: 'note', text }];
  }
  return [await finding('Blob store', () => examine(blobs))];
}

/** Tells in the log, in the doctor's words, what is wrong with the store. Never rejects. */
export async function warnOfBlobStore(blobs: Config['blobs'], log: Log): Promise<void> {
  if (blobs === undefined) return;
  const { check, verdict, text } = await finding('Blob store', () => examine(blobs));
  if (verdict !== 'ok') log.warn({ check }, text);
  else log.info({ bucket: blobs.bucket, endpoint: blobs.endpoint }, 'files go to workers over a blob store');
}

/** Brings, fetches and deletes an object: by a link each, as workers do, and as the bot does. */
async function examine(blobs: NonNullable<Config['blobs']>): Promise<Omit<Finding, 'check'>> {
  const store = await openS3Store(blobs, silent);
  const startedMs = performance.now();
  const folder = `doctor-${randomBytes(8).toString('hex')}/`;
  const bytes = randomBytes(32);
  const where = `BLOB_URL (bucket ${blobs.bucket})`;
  try {
    await store.put(`${folder}put`, bytes);
    const { parts } = await store.planUpload(`${folder}link`, bytes.byteLength);
    const sent = await fetch(parts[0]?.url ?? '', { method: 'PUT', body: bytes, redirect: 'error' });
    const skewMs = Date.parse(sent.headers.get('date') ?? '') - Date.now();
    const skew = `its clock and this machine's are ${Math.round(Math.abs(skewMs) / 1000)} s apart`;
    if (!sent.ok && Math.abs(skewMs) >= mostSkewMs) {
      return { verdict: 'fails', text: `${where} refuses links: ${skew}; set this machine's clock by NTP` };
    }
    const back = await fetch(await store.linkToGet(`${folder}link`), { redirect: 'error' });
    const fetched = await store.get(`${folder}put`, bytes.byteLength);
    const isSame =
      sent.ok && bytes.equals(new Uint8Array(await back.arrayBuffer())) && bytes.equals(fetched ?? bytes.subarray(1));
    if (!isSame) {
      return {
        verdict: 'fails',
        text: `${where} does not give back what it was given by a link: it answers ${sent.status} and ${back.status}`,
      };
    }
    await store.remove(folder);
    if ((await store.list(folder)).length > 0) {
      return { verdict: 'fails', text: `${where} does not delete: pictures and clips would stay there` };
    }
    const ms = Math.round(performance.now() - startedMs);
    const facts = { bucket: blobs.bucket, ms };
    if (Math.abs(skewMs) > noteworthySkewMs) return { verdict: 'note', text: `${where} works, but ${skew}`, facts };
    return { verdict: 'ok', text: `${where} takes, gives and deletes, by keys and by links, in ${ms} ms`, facts };
  } finally {
    await store.remove(folder).catch(() => {});
  }
}
