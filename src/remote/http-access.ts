import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ConfigError, InferenceError, JobCancelledError } from '../errors.ts';
import type { ClaimedWork, JobAccess } from '../queue/job-access.ts';
import type { Attempt } from '../storage/attempts.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { type RetryPolicy, retry } from '../util/retry.ts';
import { fromWireError } from '../worker/wire-error.ts';
import {
  type Claimed,
  chunkBytes,
  claimedSchema,
  type FileFacts,
  factsOf,
  type InputFile,
  joinSpec,
  type OutputFile,
  refusalSchema,
  splitClip,
  type WorkerFacts,
} from './protocol.ts';

/** What {@link createHttpAccess} works with. */
export interface HttpAccessOptions {
  /** WORKER_URL: the bot's address for workers, without a trailing slash. */
  url: string;
  token: string;
  facts: WorkerFacts;
  /** Aborted: what waits for the bot waits no longer. */
  signal: AbortSignal;
  clock: Clock;
  log: Log;
  fetch?: typeof globalThis.fetch;
  /** The bot asks for something else than this worker can do, with the reason. */
  onUnfit?: (reason: string) => void;
}

/** The bot's jobs, over HTTP. */
export interface HttpAccess extends JobAccess {
  /** Why this worker is given nothing; undefined where it fits. Waits until the bot can be asked. */
  askFit(): Promise<string | undefined>;
}

/** The attempt is over: another one has the job, or it has ended. */
class LostError extends Error {}

/** Worth another try: the bot restarts, or the network is away. */
class AwayError extends Error {}

/** Short at first: a clip that is ready should not wait, and a bot restarts in seconds. */
const policy: RetryPolicy = { firstMs: 250, factor: 2, maxMs: 5_000 };

/** How long an answer, or a piece of a file, may take: beyond that the network is taken for dead. */
const answerMs = 10_000;
const pieceMs = 30_000;

/** Jobs that the bot gives out over HTTP. What fails on the way is tried again for as long as the job is this attempt's. */
export function createHttpAccess(options: HttpAccessOptions): HttpAccess {
  const { url, token, facts, signal: ending, clock, log, fetch = globalThis.fetch, onUnfit = () => {} } = options;
  /** By job: what was claimed last. */
  const tickets = new Map<string, { number: number; ticket: string }>();

  interface Request {
    method: 'GET' | 'HEAD' | 'POST' | 'PUT';
    secret: string;
    json?: unknown;
    body?: Uint8Array;
    headers?: Record<string, string>;
    signal: AbortSignal;
    timeoutMs?: number;
    /** Takes the answer's bytes as they come: what came before a connection broke is not asked for again. */
    onBytes?: (bytes: Uint8Array) => void;
  }

  async function send(path: string, request: Request): Promise<{ response: Response; body: Uint8Array }> {
    const { method, secret, json, body, headers, signal, timeoutMs = answerMs, onBytes } = request;
    const sent = json === undefined ? body : Buffer.from(JSON.stringify(json));
    let response: Response;
    let received: Uint8Array;
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${secret}`, ...headers },
        ...(sent && { body: sent as Uint8Array<ArrayBuffer> }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        redirect: 'error',
      });
      if (response.ok && onBytes && response.body) for await (const bytes of response.body) onBytes(bytes);
      received = response.bodyUsed ? new Uint8Array() : new Uint8Array(await response.arrayBuffer());
    } catch (cause) {
      if (signal.aborted) throw new JobCancelledError('The worker stops, or the job was cancelled.');
      throw new AwayError('The bot cannot be reached (WORKER_URL).', { cause });
    }
    if (response.ok) return { response, body: received };
    throw refusalOf(response.status, received);
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

  function again<Result>(work: () => Promise<Result>, signal: AbortSignal, tries?: number): Promise<Result> {
    return retry(work, {
      policy: { ...policy, ...(tries !== undefined && { tries }) },
      clock,
      signal,
      shouldRetry: (error) => error instanceof AwayError,
      onRetry: (err, { failures }) => {
        if (failures === 3) log.warn({ err }, 'the bot cannot be reached; trying again');
      },
    });
  }

  function ticketOf({ jobId, number }: Attempt): string {
    const known = tickets.get(jobId);
    if (known?.number !== number) throw new LostError('The attempt is over.');
    return known.ticket;
  }

  async function receive(claimed: Claimed, name: InputFile, signal: AbortSignal): Promise<Uint8Array> {
    const wanted = claimed.files[name]!;
    let received = Buffer.alloc(0);
    return again(async () => {
      await send(`/blobs/${claimed.attempt.jobId}/${name}`, {
        method: 'GET',
        secret: claimed.ticket,
        headers: received.byteLength > 0 ? { range: `bytes=${received.byteLength}-` } : {},
        signal,
        // As long as one so large takes on a slow line.
        timeoutMs: pieceMs + Math.ceil(wanted.bytes / 100),
        onBytes(bytes) {
          received = Buffer.concat([received, bytes]);
        },
      });
      const found = await factsOf(received);
      if (found.bytes === wanted.bytes && found.sha256 === wanted.sha256) return received;
      received = Buffer.alloc(0);
      throw new AwayError(`The ${name} arrived damaged.`);
    }, signal);
  }

  async function bring(attempt: Attempt, name: OutputFile, file: { bytes: Uint8Array; facts: FileFacts }) {
    const { bytes, facts: wanted } = file;
    const path = `/blobs/${attempt.jobId}/${name}`;
    const common = { secret: ticketOf(attempt), signal: ending, timeoutMs: pieceMs };
    const digest = { 'x-sha256': wanted.sha256 };
    const offsetOf = ({ response }: { response: Response }) => Number(response.headers.get('x-offset') ?? 0);
    let at = offsetOf(await send(path, { ...common, method: 'HEAD', headers: digest }));
    while (at < wanted.bytes) {
      const end = Math.min(wanted.bytes, at + chunkBytes);
      const range = `bytes ${at}-${end - 1}/${wanted.bytes}`;
      const body = bytes.subarray(at, end);
      at = offsetOf(
        await send(path, { ...common, method: 'PUT', body, headers: { ...digest, 'content-range': range } }),
      );
    }
  }

  const act = (attempt: Attempt, action: string, json: unknown = {}) =>
    send(`/jobs/${attempt.jobId}/${action}`, { method: 'POST', secret: ticketOf(attempt), json, signal: ending });

  async function giveBack(attempt: Attempt): Promise<void> {
    try {
      await again(() => act(attempt, 'release'), ending, 3);
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
    } finally {
      tickets.delete(attempt.jobId);
    }
  }

  return {
    async askFit() {
      try {
        await again(() => send('/workers/fit', { method: 'POST', secret: token, json: facts, signal: ending }), ending);
        return undefined;
      } catch (error) {
        if (error instanceof InferenceError && error.code === 'worker-unfit') return error.message;
        throw error;
      }
    },
    async claim(jobId, worker, { signal: wanted = ending } = {}): Promise<ClaimedWork | undefined> {
      const signal = AbortSignal.any([wanted, ending]);
      const json = { worker, request: randomUUID(), facts };
      const { response, body } = await again(
        () => send(`/jobs/${jobId}/claim`, { method: 'POST', secret: token, json, signal }),
        signal,
      );
      if (response.status === 204) return undefined;
      const claimed = claimedSchema.parse(jsonOf(body));
      tickets.set(jobId, { number: claimed.attempt.number, ticket: claimed.ticket });
      const names = Object.keys(claimed.files) as InputFile[];
      try {
        const files = await Promise.all(
          names.map(async (name) => [name, await receive(claimed, name, signal)] as const),
        );
        const { attempt, leaseMs, expected, wantsPreview } = claimed;
        const spec = joinSpec(claimed.spec, Object.fromEntries(files));
        return { attempt, leaseMs, spec, ...(expected && { expected }), ...(wantsPreview && { wantsPreview }) };
      } catch (error) {
        if (error instanceof LostError) return undefined;
        // Nobody will render it here: whoever is next need not wait for the lease.
        await giveBack(claimed.attempt).catch(() => {});
        throw error;
      }
    },
    async heartbeat(attempt) {
      try {
        await act(attempt, 'heartbeat');
        return true;
      } catch (error) {
        if (error instanceof LostError) return false;
        throw error;
      }
    },
    async saveCheckpoint(attempt, bytes) {
      const facts = await factsOf(bytes);
      // The next one is as good as another try.
      const work = async () => {
        await bring(attempt, 'checkpoint', { bytes, facts });
        await act(attempt, 'checkpoint', { file: facts });
      };
      await again(work, ending, 3);
    },
    async showPreview(attempt, bytes) {
      await act(attempt, 'preview', { webp: Buffer.from(bytes).toString('base64') });
    },
    async keepClip(attempt, clip) {
      const { clip: json, files } = splitClip(clip);
      const file = { bytes: files.clip, facts: await factsOf(files.clip) };
      const master = files.master && { bytes: files.master, facts: await factsOf(files.master) };
      try {
        await again(async () => {
          if (master) await bring(attempt, 'master', master);
          await bring(attempt, 'clip', file);
          const sent = { clip: file.facts, ...(master && { master: master.facts }) };
          await act(attempt, 'clip', { clip: json, files: sent });
        }, ending);
        return true;
      } catch (error) {
        if (error instanceof LostError) return false;
        throw error;
      } finally {
        tickets.delete(attempt.jobId);
      }
    },
    giveBack,
  };
}

function jsonOf(body: Uint8Array): unknown {
  const text = Buffer.from(body).toString('utf8');
  return z.json().safeParse(tryParse(text)).data;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
