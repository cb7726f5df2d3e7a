import type { CliStream } from './io.ts';
import { openOutputFile } from './output-file.ts';

/** A file that shows a clip on its way. */
export interface PreviewFile {
  /** Puts a preview in place of the one before, whole: who reads the file never sees half of one. */
  show(bytes: Uint8Array): void;
  /** Resolves when nothing is written any more. */
  close(): Promise<void>;
}

/**
 * A preview that cannot be written later on is told of once, and costs the clip nothing.
 * @throws UserError `output-unwritable`: the path cannot be written now
 */
export async function openPreviewFile(path: string, stderr: Pick<CliStream, 'write'>): Promise<PreviewFile> {
  const file = await openOutputFile(path);
  let last: Promise<void> = Promise.resolve();
  let isBroken = false;
  return {
    show(bytes) {
      last = last.then(async () => {
        if (isBroken) return;
        try {
          await file.write(bytes);
        } catch (error) {
          isBroken = true;
          stderr.write(`${error instanceof Error ? error.message : error} The clip is made without previews.\n`);
        }
      });
    },
    async close() {
      await last;
      await file.discard();
    },
  };
}
