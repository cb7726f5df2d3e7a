const kilobyte = 1024;

/** `512 B`, `24 KB` or `1.5 MB`, as Discord writes sizes. */
export function byteSize(bytes: number): string {
  if (bytes < kilobyte) return `${bytes} B`;
  if (bytes < kilobyte ** 2) return `${Math.round(bytes / kilobyte)} KB`;
  return `${Number((bytes / kilobyte ** 2).toFixed(1))} MB`;
}
