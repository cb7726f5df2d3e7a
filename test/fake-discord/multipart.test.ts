import { expect, it } from 'vitest';
import { readMultipart } from '../../src/fake-discord/read-multipart.ts';

/** A form as `fetch` sends it. */
async function written(form: FormData): Promise<{ body: Buffer; contentType: string }> {
  const response = new Response(form);
  return { body: Buffer.from(await response.arrayBuffer()), contentType: response.headers.get('content-type')! };
}

it('forms are read as fetch writes them: every name, and every byte, those of line ends and dashes too', async () => {
  const bytes = Buffer.concat([
    Buffer.from('\r\n--\r\n\r\n----x--\r\n'),
    Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  ]);
  const form = new FormData();
  form.set('payload_json', '{"content":"¡Hola!"}');
  form.set('files[0]', new File([bytes], 'día "1"; filename="a%b\n.mp4', { type: 'video/mp4' }));
  form.set('files[1]', new File([], 'empty'));
  const { body, contentType } = await written(form);
  const parts = readMultipart(body, contentType)!;
  expect(parts.map(({ name, filename, contentType: type }) => [name, filename, type])).toEqual([
    ['payload_json', undefined, undefined],
    ['files[0]', 'día "1"; filename="a%b\n.mp4', 'video/mp4'],
    ['files[1]', 'empty', 'application/octet-stream'],
  ]);
  expect(parts.map((part) => part.bytes.toString('latin1'))).toEqual([
    Buffer.from('{"content":"¡Hola!"}').toString('latin1'),
    bytes.toString('latin1'),
    '',
  ]);
});

it('what is cut off, has no boundary, or is followed by more is no form', async () => {
  const form = new FormData();
  form.set('payload_json', '{}');
  const { body, contentType } = await written(form);
  expect(readMultipart(body, contentType)).toHaveLength(1);
  for (let length = 0; length < body.length - 2; length++) {
    expect(readMultipart(body.subarray(0, length), contentType), `${length} bytes`).toBeUndefined();
  }
  expect(readMultipart(body, 'multipart/form-data')).toBeUndefined();
  expect(readMultipart(body, contentType.replace(/.$/, '!'))).toBeUndefined();
  expect(readMultipart(Buffer.concat([body, Buffer.from('x')]), contentType)).toBeUndefined();
  expect(
    readMultipart(Buffer.from(body.toString().replace(/Content-Disposition: [^;]*;/, 'Content-Length;')), contentType),
  ).toBeUndefined();
});
