import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { AppError } from '../../src/errors.ts';
import { pictureForClip } from '../../src/media/decode-picture.ts';

// Run as a process of its own: decodes the picture that its argument names in hardly more memory than it has already,
// and writes what comes of it as JSON.

const [file = ''] = process.argv.slice(2);
const bytes = readFileSync(file);
// What libvips loads and keeps is there before the limit is.
const small = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
  .jpeg()
  .toBuffer();
await pictureForClip(small, { width: 16, height: 16, fit: 'crop' });

/** Too little for the coefficients of a progressive JPEG (48 MB), enough for everything small. */
const moreMebibytes = 20;
const usedKibibytes = Number(/VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
const limitBytes = usedKibibytes * 1024 + moreMebibytes * 2 ** 20;
execFileSync('prlimit', ['--pid', `${process.pid}`, `--as=${limitBytes}`]);

const outcome = await pictureForClip(bytes, { width: 64, height: 64, fit: 'crop' }).then(
  () => ({ code: 'decoded' }),
  (error: unknown) => {
    if (!(error instanceof AppError)) return { code: String(error) };
    return { code: error.code, scope: error.scope, cause: error.cause instanceof Error ? error.cause.message : '' };
  },
);
process.stdout.write(JSON.stringify(outcome));
