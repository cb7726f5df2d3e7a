import type { JsonObject } from '../../src/fake-discord/payloads.ts';
import type { FakeDiscord, FileInput } from '../../src/fake-discord/types.ts';

/** What a raw REST call came back with. */
export interface RawAnswer {
  status: number;
  headers: Headers;
  body: JsonObject;
}

/** Calls the stand-in without a client library. With `files` the body is multipart. */
export async function rest(
  fake: FakeDiscord,
  route: string,
  { body, files, token = fake.token }: { body?: unknown; files?: FileInput[]; token?: string | null } = {},
): Promise<RawAnswer> {
  const [method = 'GET', path = ''] = route.split(' ');
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bot ${token}` };
  const init: RequestInit = { method, headers };
  if (files) {
    const form = new FormData();
    form.set('payload_json', JSON.stringify(body));
    for (const [index, { name, bytes }] of files.entries())
      form.set(`files[${index}]`, new Blob([bytes as Uint8Array<ArrayBuffer>]), name);
    init.body = form;
  } else if (body !== undefined) {
    init.body = JSON.stringify(body);
    headers['content-type'] = 'application/json';
  }
  const response = await fetch(`${fake.apiUrl}/v10${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

/** Registers `/ping` without a bot behind it. */
export async function registerPing(fake: FakeDiscord): Promise<void> {
  const body = [{ name: 'ping', description: 'Ping', contexts: [0, 1, 2], integration_types: [0, 1] }];
  await rest(fake, `PUT /applications/${fake.applicationId}/commands`, { body });
}
