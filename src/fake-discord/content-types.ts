/** By extension: what the CDN serves, whatever the uploader claimed. */
const byExtension: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  mp4: 'video/mp4',
  webm: 'video/webm',
  txt: 'text/plain; charset=utf-8',
  json: 'application/json; charset=utf-8',
  zip: 'application/zip',
  pdf: 'application/pdf',
};

/** The content type of an upload: from its name, else what the client says, else bytes. */
export function contentTypeOf(filename: string, claimed?: string): string {
  const extension = filename.slice(filename.lastIndexOf('.') + 1).toLowerCase();
  return byExtension[extension] ?? (claimed || 'application/octet-stream');
}
