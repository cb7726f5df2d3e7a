import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { scopeOf, UserError } from '../../src/errors.ts';
import { describeDecoderError } from '../../src/media/open-picture.ts';
import { tempFolder } from '../support/temp-folder.ts';

const fixture = new URL('./decode-in-little-memory.ts', import.meta.url).pathname;
const canLimitMemory = process.platform === 'linux' && existsSync('/usr/bin/prlimit');

describe('lack of memory while a picture is decoded', () => {
  it.each([
    'vips_tracked: out of memory -- size == 45MB',
    'VipsJpeg: Insufficient memory (case 4)',
    'Input buffer has corrupt header: vips_tracked: out of memory -- size == 91MB',
    'VipsJpeg: unable to allocate 91MB',
    'GLib: failed to allocate 96040000 bytes',
    'std::bad_alloc',
    'ENOMEM: not enough memory, read',
  ])("is the machine's fault, not the picture's: %s", (words) => {
    const cause = new Error(words);
    const error = describeDecoderError(cause);
    expect(error).not.toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code: 'picture-no-memory', scope: 'host', cause });
  });

  it.each(['VipsJpeg: premature end of JPEG image', 'pngload_buffer: libspng read error', 'timeout: 10 s'])(
    'is not seen in what a damaged picture says: %s',
    (words) => {
      const cause = new Error(words);
      expect(scopeOf(describeDecoderError(cause))).toBe('job');
      expect(describeDecoderError(cause).cause).toBe(cause);
    },
  );

  it.runIf(canLimitMemory)(
    'is told as such by the real decoder, with its words for the log',
    async () => {
      const file = join(tempFolder(), 'large.jpg');
      const flat = sharp({ create: { width: 3990, height: 3990, channels: 3, background: 'teal' } });
      writeFileSync(file, await flat.jpeg({ progressive: true }).toBuffer());
      const environment = { ...process.env, MALLOC_ARENA_MAX: '1' };
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', fixture, file], {
        env: environment,
      });
      expect(JSON.parse(stdout)).toMatchObject({
        code: 'picture-no-memory',
        scope: 'host',
        cause: expect.stringMatching(/memory/i),
      });
    },
    60_000,
  );
});
