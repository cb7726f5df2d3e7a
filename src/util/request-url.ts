/** The URL of a request to a server; its host means nothing, and what cannot be parsed counts as `/`. */
export function requestUrl({ url = '/' }: { url?: string | undefined }): URL {
  // Not by `new URL(url, base)`: a path that begins with two slashes would name a host.
  const text = `http://localhost${url}`;
  return new URL(url.startsWith('/') && URL.canParse(text) ? text : 'http://localhost/');
}
