import sharp from 'sharp';

let configured = false;

/** libheif before this version reads past the end of what it was given (GHSA-rgj7-g3m4-5g8c). */
const safeHeif = [1, 23, 2];

/** Whether AVIF is read: where sharp was built with another libheif, it may not be safe. */
export function readsAvif(version: string | undefined = sharp.versions.heif): boolean {
  const parts = (version ?? '').split('.').map(Number);
  for (const [index, least] of safeHeif.entries()) {
    const part = parts[index] ?? Number.NaN;
    if (part !== least) return part > least;
  }
  return true;
}

/**
 * Narrows sharp, for the whole process, to what Kinora reads: JPEG, PNG, WebP, GIF and AVIF, from memory only.
 * Every other loader (SVG, PDF, TIFF, ImageMagick, files on disk …) is refused by libvips itself, whatever the bytes
 * are. One thread and no cache keep the memory of one picture the memory of one picture. Does nothing when called again.
 */
export function configureSharp(): void {
  if (configured) {
    return;
  }
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: [
      'VipsForeignLoadJpegBuffer',
      'VipsForeignLoadPngBuffer',
      'VipsForeignLoadWebpBuffer',
      'VipsForeignLoadNsgifBuffer',
      ...(readsAvif() ? ['VipsForeignLoadHeifBuffer'] : []),
    ],
  });
  configured = true;
}
