import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readPicture } from '../../src/cli/read-picture.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('readPicture', () => {
  it('reads what begins like a picture', async () => {
    const path = join(tempFolder(), 'a.png');
    const bytes = Buffer.from('\x89PNG\r\n\x1a\n and so on', 'latin1');
    writeFileSync(path, bytes);
    expect(Buffer.from(await readPicture(path))).toEqual(bytes);
  });

  it('names the file that is none', async () => {
    const folder = tempFolder();
    const path = join(folder, 'letter.png');
    writeFileSync(path, 'Dear all');
    await expect(readPicture(path)).rejects.toMatchObject({
      name: 'UserError',
      code: 'picture-not-a-picture',
      message: expect.stringMatching(/letter\.png: The file is not a picture/),
    });
    await expect(readPicture(join(folder, 'none.png'))).rejects.toThrow(
      /cannot be read: there is no file .*none\.png; check the name/,
    );
    await expect(readPicture(folder)).rejects.toThrow(/is not a file/);
  });

  it('does not read a film to refuse it', async () => {
    const path = join(tempFolder(), 'film.png');
    writeFileSync(path, '\x89PNG');
    truncateSync(path, 40 * 1024 ** 3); // a sparse file: reading it would fail otherwise, for length
    await expect(readPicture(path)).rejects.toThrow(/is larger than 20 MB/);
  });

  it('stops an address that streams too much, and names no signature', async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const fetch = async () => new Response(body);
    const reading = readPicture('https://example.org/film.png?key=secret', { fetch });
    await expect(reading).rejects.toMatchObject({
      code: 'picture-unreadable',
      message: 'The picture cannot be read: example.org/film.png is larger than 20 MB.',
    });
    expect(sent).toBeLessThan(25);
  });

  it('takes no redirect from https to http', async () => {
    const fetch = async () => new Response(null, { status: 302, headers: { location: 'http://example.org/a.png' } });
    await expect(readPicture('https://example.org/a.png', { fetch })).rejects.toThrow(/not safe to follow/);
  });

  it('does not wait for a person to type a picture', async () => {
    const stdin = Object.assign(Readable.from([]), { isTTY: true });
    await expect(readPicture('-', { stdin })).rejects.toThrow(/nothing is piped in/);
    await expect(readPicture('-', { stdin: Readable.from([Buffer.from('text')]) })).rejects.toThrow(
      /standard input: The file is not a picture \(it looks like text\)/,
    );
  });
});
