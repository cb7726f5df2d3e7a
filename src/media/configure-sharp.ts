import sharp from 'sharp';

let configured = false;

/**
 * Narrows sharp, for the whole process, to what Kinora reads: JPEG, PNG, WebP and GIF, from memory only.
 * Every other loader (SVG, PDF, TIFF, AVIF/HEIF, ImageMagick, files on disk …) is refused by libvips itself, whatever
 * the bytes are. One thread and no cache keep the memory of one picture the memory of one picture. Does nothing when
 * called again.
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
    ],
  });
  configured = true;
}
