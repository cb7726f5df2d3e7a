import { chmod, writeFile } from 'node:fs/promises';

/**
 * Writes a program that stands in ffmpeg's place: asked for its abilities it answers as the real one, and otherwise
 * does what the shell script says.
 * @returns `file`
 */
export async function fakeFfmpeg(
  file: string,
  { script, realPath }: { script: string; realPath: string },
): Promise<string> {
  await writeFile(file, `#!/bin/sh\ncase "$1" in -formats|-encoders) exec '${realPath}' "$@";; esac\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}
