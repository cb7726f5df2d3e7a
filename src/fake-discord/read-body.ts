import type { IncomingMessage } from 'node:http';
import type { UploadedFile } from './message-content.ts';
import type { Json } from './payloads.ts';
import { Refusal } from './refusal.ts';

/** The body of a REST call: JSON, or the `payload_json` of a multipart form with its files. */
export interface ParsedBody {
  json: Json;
  files: UploadedFile[];
  isMultipart: boolean;
}

/** Reads all bytes of a request. */
export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * Parses a request body.
 * @throws Refusal 400/50109 for what is not JSON, 400/50035 for a multipart form of another shape.
 */
export async function parseBody(bytes: Buffer, contentType: string): Promise<ParsedBody> {
  if (bytes.length === 0) return { json: null, files: [], isMultipart: false };
  if (!contentType.startsWith('multipart/form-data')) {
    if (!contentType.startsWith('application/json')) throw malformed(`content type ${contentType || '(none)'}`);
    return { json: parseJson(bytes.toString()), files: [], isMultipart: false };
  }
  const form = await new Response(bytes, { headers: { 'content-type': contentType } }).formData().catch(() => {
    throw malformed('multipart form');
  });
  const files: UploadedFile[] = [];
  let json: Json = {};
  for (const [field, value] of form as unknown as Iterable<[string, string | Blob]>) {
    if (typeof value !== 'string' && /^files\[\d+\]$/.test(field)) files.push(await readFile(field, value));
    else if (field === 'payload_json') json = parseJson(typeof value === 'string' ? value : await value.text());
    else throw malformed(`multipart field ${field}`);
  }
  return { json, files, isMultipart: true };
}

async function readFile(field: string, value: Blob): Promise<UploadedFile> {
  const name = 'name' in value && typeof value.name === 'string' ? value.name : 'unknown';
  return { field, name, contentType: value.type, bytes: new Uint8Array(await value.arrayBuffer()) };
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw malformed('JSON');
  }
}

function malformed(what: string): Refusal {
  return new Refusal(400, { message: `The request body contains invalid ${what}.`, code: 50109 });
}
