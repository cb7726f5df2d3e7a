import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** Says why a request is refused, or undefined where it may pass. */
export interface OriginGuard {
  /** For every request: after DNS rebinding, a page of another site sends another Host header. */
  checkHost(request: IncomingMessage): string | undefined;
  /** For WebSockets and requests that change something: only the page itself may send them. */
  checkOrigin(request: IncomingMessage): string | undefined;
}

/** A guard for a server that listens at `boundHost`. Ports are ignored, since a tunnel may change them. */
export function createOriginGuard(boundHost: string): OriginGuard {
  const names = new Set(['localhost', '127.0.0.1', '[::1]', bracketed(boundHost).toLowerCase()]);
  const isExposed = !isLoopback(boundHost);
  if (isExposed) names.add(hostname().toLowerCase());

  const isOwn = (name: string): boolean =>
    // An IP address involves no name that DNS rebinding could redirect.
    names.has(name) || (isExposed && isIP(name.replace(/^\[|\]$/g, '')) !== 0);

  return {
    checkHost({ headers }) {
      const host = headers.host ?? '';
      const url = `http://${host}`;
      if (host !== '' && URL.canParse(url) && isOwn(new URL(url).hostname)) return undefined;
      return `The playground does not answer to the name "${host}".`;
    },
    checkOrigin({ headers }) {
      if (headers.origin === `http://${headers.host}`) return undefined;
      return 'Only the page of this playground may ask for that.';
    },
  };
}

/** Whether nobody but this machine can reach what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** A host as it stands in a URL. */
export function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** Nothing is loaded from other hosts. The components that draw messages need style attributes. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Sets what every answer of the playground carries; a handler may make it stricter. */
export function setSecurityHeaders(response: ServerResponse): void {
  const headers = {
    'content-security-policy': contentSecurityPolicy,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}
