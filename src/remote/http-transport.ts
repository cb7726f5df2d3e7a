import { z } from 'zod';
import { ConfigError, InferenceError, JobCancelledError } from '../errors.ts';
import { fromWireError } from '../worker/wire-error.ts';
import { refusalSchema } from './protocol.ts';

/** The attempt is over: another one has the job, or it has ended. */
export class LostError extends Error {}

/** Worth another try: the bot restarts, or the network is away. */
export class AwayError extends Error {}

/** How long an answer, or a piece of a file, may take: beyond that the network is taken for dead. */
const answerMs = 10_000;
/** @see answerMs */
export const pieceMs = 30_000;

/** A line that is slower is taken for dead: 100 kB a second. */
export const slowestBytesPerMs = 100;

/** One request to the bot, or to a store by a link that the bot gave. */
interface Request {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Left out for a link, which holds its own right. */
  secret?: string;
  json?: unknown;
  body?: Uint8Array;
  headers?: Record<string, string>;
  signal: AbortSignal;
  timeoutMs?: number;
  /** Takes the answer's bytes as they come: what came before a connection broke is not asked for again. */
  onBytes?: (bytes: Uint8Array) => void;
}

/** An answer that was no refusal. */
interface Answer {
  response: Response;
  body: Uint8Array;
}

/** What {@link createTransport} works with. */
export interface TransportOptions {
  /** The bot's address, without a trailing slash. */
  url: string;
  fetch: typeof globalThis.fetch;
  /** The bot asks for something else than this worker can do, with the reason. */
  onUnfit: (reason: string) => void;
}

/**
 * Asks the bot at a path, or a store at a whole link. A GET may be sent on to a link, which is not given the secret.
 * The answer rejects with LostError, AwayError, ConfigError, JobCancelledError, or what the bot says is wrong.
 */
export function createTransport({ url, fetch, onUnfit }: TransportOptions) {
  return async function send(target: string, request: Request): Promise<Answer> {
    const isLink = !target.startsWith('/');
    const answer = await ask(isLink ? target : url + target, request);
    const { response, body } = answer;
    if (response.ok) return answer;
    const link = response.status === 307 && !isLink && response.headers.get('location');
    if (link && request.method === 'GET') {
      const { secret: _, ...open } = request;
      return send(link, open);
    }
    // A link that is too old, or a store that is away: the bot is asked for another one.
    throw isLink ? new AwayError(`The store answers ${response.status}.`) : refusalOf(response.status, body);
  };

  async function ask(address: string, request: Request): Promise<Answer> {
    const { method, secret, json, body, headers, signal, timeoutMs = answerMs, onBytes } = request;
    const sent = json === undefined ? body : Buffer.from(JSON.stringify(json));
    try {
      const response = await fetch(address, {
        method,
        headers: { ...(secret !== undefined && { authorization: `Bearer ${secret}` }), ...headers },
        ...(sent && { body: sent as Uint8Array<ArrayBuffer> }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        redirect: 'manual',
      });
      if (response.ok && onBytes && response.body) for await (const bytes of response.body) onBytes(bytes);
      return {
        response,
        body: response.bodyUsed ? new Uint8Array() : new Uint8Array(await response.arrayBuffer()),
      };
    } catch (cause) {
      if (signal.aborted) throw new JobCancelledError('The worker stops, or the job was cancelled.');
      throw new AwayError('The bot, or its blob store, cannot be reached (WORKER_URL).', { cause });
    }
  }

  function refusalOf(status: number, body: Uint8Array): Error {
    if (status === 409) return new LostError('The job is another attempt’s.');
    if (status === 401) return new ConfigError('worker-token', 'The bot does not take this WORKER_TOKEN.');
    const refusal = refusalSchema.safeParse(jsonOf(body));
    if (refusal.success) {
      const error = fromWireError(refusal.data.error);
      if (status === 412) onUnfit(error.message);
      return error;
    }
    if (status >= 500 || [408, 416, 429].includes(status)) return new AwayError(`The bot answers ${status}.`);
    if (status === 413)
      return new InferenceError('clip-oversized', 'The bot takes no clip of this size.', { scope: 'job' });
    return new InferenceError('bot-answer', `The bot at WORKER_URL answers ${status}; are both of one version?`, {
      scope: 'host',
    });
  }
}

/** Undefined where it is no JSON. */
export function jsonOf(body: Uint8Array): unknown {
  try {
    return z.json().safeParse(JSON.parse(Buffer.from(body).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
