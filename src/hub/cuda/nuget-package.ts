import { z } from 'zod';
import { DownloadError } from '../../errors.ts';
import type { RemoteFile } from '../download-body.ts';
import { addressOf, connectionLost, type HttpClient } from '../http-client.ts';

/** A NuGet package of one version. */
export interface PackageName {
  id: string;
  version: string;
}

const serviceIndex = z.object({ resources: z.array(z.object({ '@id': z.url(), '@type': z.string() })) });
const registrationLeaf = z.object({ catalogEntry: z.url(), packageContent: z.url() });
const catalogEntry = z.object({
  packageHash: z.base64(),
  packageHashAlgorithm: z.literal('SHA512'),
  packageSize: z.number().int().positive(),
});

const maxJsonBytes = 2 ** 24;

/**
 * Where a package can be fetched, its size and its SHA-512, from a NuGet v3 feed.
 * @throws DownloadError `not-found`, `connection-lost`, `refused`
 */
export async function findNugetPackage(
  index: string,
  { id, version }: PackageName,
  web: HttpClient,
): Promise<RemoteFile> {
  const { resources } = await readJson(web, index, serviceIndex);
  // The hive with SemVer 2 packages where there is one; every feed has the other.
  const registrations =
    resources.find((resource) => resource['@type'] === 'RegistrationsBaseUrl/3.6.0') ??
    resources.find((resource) => resource['@type'] === 'RegistrationsBaseUrl');
  if (registrations === undefined) throw new DownloadError('refused', `${addressOf(index)} is no NuGet v3 feed.`);
  const base = registrations['@id'].replace(/\/$/, '');
  const leaf = await readJson(web, `${base}/${id.toLowerCase()}/${version.toLowerCase()}.json`, registrationLeaf);
  const { packageHash, packageSize } = await readJson(web, leaf.catalogEntry, catalogEntry);
  const digest = { kind: 'sha512', hex: Buffer.from(packageHash, 'base64').toString('hex') } as const;
  return { url: leaf.packageContent, sizeBytes: packageSize, digest };
}

async function readJson<Schema extends z.ZodType>(
  web: HttpClient,
  url: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const address = addressOf(url);
  const answer = await web.open(url, { Accept: 'application/json' });
  if (!answer.response.ok) {
    await answer.response.body?.cancel();
    throw packageRefusal(url, answer.response);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.chunks()) {
      bytes += chunk.length;
      if (bytes > maxJsonBytes) throw new DownloadError('refused', `${address} is too large.`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof DownloadError ? error : connectionLost(address, error);
  }
  try {
    return schema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch (cause) {
    throw new DownloadError('refused', `${address} did not answer as a NuGet v3 feed does.`, { cause });
  }
}

/** What a package feed's error means. */
export function packageRefusal(url: string, { status }: Response): DownloadError {
  const address = addressOf(url);
  if (status === 404)
    return new DownloadError('not-found', `${address} was not found: that version was not published there.`);
  return new DownloadError('refused', `${address} answered ${status}.`);
}
