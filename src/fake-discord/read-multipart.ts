/** A part of a multipart form. */
export interface FormPart {
  name: string;
  /** Undefined for a field that is no file. */
  filename: string | undefined;
  contentType: string | undefined;
  /** A view of the body's bytes: files of 20 MiB are not copied. */
  bytes: Buffer;
}

/**
 * The parts of a `multipart/form-data` body (RFC 7578), as the clients of `fetch` write it; undefined for bytes of another
 * form, e.g. without the last boundary.
 */
export function readMultipart(body: Buffer, contentType: string): FormPart[] | undefined {
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType)?.slice(1).find(Boolean);
  if (boundary === undefined) return undefined;
  const delimiter = `\r\n--${boundary}`;
  if (!body.subarray(0, delimiter.length - 2).equals(Buffer.from(delimiter.slice(2)))) return undefined;
  const parts: FormPart[] = [];
  let at = delimiter.length - 2;
  while (body.toString('latin1', at, at + 2) === '\r\n') {
    const headersEnd = body.indexOf('\r\n\r\n', at);
    const end = headersEnd < 0 ? -1 : body.indexOf(delimiter, headersEnd + 2);
    const head = end < 0 ? undefined : readHead(body.toString('utf8', at + 2, headersEnd));
    if (!head) return undefined;
    parts.push({ ...head, bytes: body.subarray(headersEnd + 4, end) });
    at = end + delimiter.length;
  }
  return /^--(\r\n)?$/.test(body.toString('latin1', at)) ? parts : undefined;
}

function readHead(head: string): Omit<FormPart, 'bytes'> | undefined {
  const headers = new Map<string, string>();
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 1) return undefined;
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const disposition = headers.get('content-disposition') ?? '';
  const name = /^form-data;\s*name="([^"]*)"/i.exec(disposition)?.[1];
  if (name === undefined) return undefined;
  const filename = /;\s*filename="([^"]*)"/i.exec(disposition)?.[1];
  return {
    name: unescaped(name),
    filename: filename === undefined ? undefined : unescaped(filename),
    contentType: headers.get('content-type'),
  };
}

/** How `fetch` writes what would end a quoted name (html.spec.whatwg.org, multipart form data). */
function unescaped(name: string): string {
  return name.replaceAll('%0A', '\n').replaceAll('%0D', '\r').replaceAll('%22', '"');
}
