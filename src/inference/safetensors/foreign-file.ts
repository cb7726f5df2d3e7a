import { open } from 'node:fs/promises';

/** How files begin that stand where weights or configs should be, and what to do about each. */
const kinds: readonly { name: string; starts: RegExp; text: string }[] = [
  {
    name: 'lfs-pointer',
    starts: /^version https:\/\/git-lfs\.github\.com\/spec\//,
    text: 'this is a Git LFS pointer, not the file that it stands for: run `git lfs pull` in that repository.',
  },
  {
    name: 'xet-pointer',
    starts: /^# xet version /,
    text: 'this is a git-xet pointer, not the file that it stands for: run `git xet pull`, or fetch the file itself.',
  },
  {
    name: 'web-page',
    starts: /^\s*<(!doctype|html|head|\?xml)/i,
    text: 'this is a web page, not the file: the download was answered with a page (of a login or an error). Fetch the file again.',
  },
  {
    name: 'error-text',
    starts:
      /^\s*(\{\s*"error"|Invalid (username|credentials)|Access to (model|repo)|Entry not found|Repository not found)/i,
    text: 'this is the text of an error, not the file: the download was refused. Fetch the file again.',
  },
  {
    name: 'pickle',
    starts: /^(PK\p{Cc}{2}|\x80\p{Cc})/u,
    text: "this is a file of PyTorch's own format, not safetensors; loading it could run code that it holds. Fetch the .safetensors file.",
  },
  {
    name: 'gguf',
    starts: /^GGUF/,
    text: 'this is a GGUF file, whose quantised weights are not supported. Fetch the .safetensors file.',
  },
];

/** How much of a file {@link foreignFormat} looks at. */
export const foreignPrefixBytes = 64;

/**
 * What a file is that is neither safetensors nor a config, by its first bytes, with a sentence that says what to do.
 * @returns undefined where the bytes are none that are known
 */
export function foreignFormat(prefix: Uint8Array): { name: string; text: string } | undefined {
  const text = Buffer.from(prefix)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, ''); // a UTF-8 byte order mark
  return kinds.find(({ starts }) => starts.test(text));
}

/** The same for a file; undefined also where it cannot be read. */
export async function foreignFileFormat(path: string): Promise<{ name: string; text: string } | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(foreignPrefixBytes), 0, foreignPrefixBytes, 0);
    return foreignFormat(buffer.subarray(0, bytesRead));
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
