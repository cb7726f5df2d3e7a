import { randomUUID } from 'node:crypto';
import { InferenceError } from '../errors.ts';
import type { ClaimedWork, JobAccess } from '../queue/job-access.ts';
import type { Attempt } from '../storage/attempts.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { type RetryPolicy, retry } from '../util/retry.ts';
import { AwayError, createTransport, jsonOf, LostError, pieceMs, slowestBytesPerMs } from './http-transport.ts';
import {
  type Claimed,
  chunkBytes,
  claimedSchema,
  type FileFacts,
  factsOf,
  type InputFile,
  joinSpec,
  type OutputFile,
  splitClip,
  uploadPlanSchema,
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

/** Short at first: a clip that is ready should not wait, and a bot restarts in seconds. */
const policy: RetryPolicy = { firstMs: 250, factor: 2, maxMs: 5_000 };

/** A file of which the digest is known. */
interface SentFile {
  bytes: Uint8Array;
  facts: FileFacts;
}

/** Jobs that the bot gives out over HTTP. What fails on the way is tried again for as long as the job is this attempt's. */
export function createHttpAccess(options: HttpAccessOptions): HttpAccess {
  const { url, token, facts, signal: ending, clock, log, fetch = globalThis.fetch, onUnfit = () => {} } = options;
  /** By job: what was claimed last. */
  const tickets = new Map<string, Pick<Claimed, 'ticket' | 'uploads'> & { number: number }>();
  const send = createTransport({ url, fetch, onUnfit });

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

  function claimedBy({ jobId, number }: Attempt): Pick<Claimed, 'ticket' | 'uploads'> {
    const known = tickets.get(jobId);
    if (known?.number !== number) throw new LostError('The attempt is over.');
    return known;
  }

  async function receive(claimed: Claimed, name: InputFile, signal: AbortSignal): Promise<Uint8Array> {
    const wanted = claimed.files[name]!;
    /** What has come so far, put together once: a file comes in thousands of pieces. */
    let pieces: Uint8Array[] = [];
    let count = 0;
    return again(async () => {
      // All of it came before a connection broke: there is nothing left to ask for.
      const isMissing = count < wanted.bytes;
      if (isMissing)
        await send(`/blobs/${claimed.attempt.jobId}/${name}`, {
          method: 'GET',
          secret: claimed.ticket,
          headers: count > 0 ? { range: `bytes=${count}-` } : {},
          signal,
          // As long as one so large takes on a slow line.
          timeoutMs: pieceMs + Math.ceil(wanted.bytes / slowestBytesPerMs),
          onBytes(bytes) {
            pieces.push(bytes);
            count += bytes.byteLength;
          },
        });
      const received = Buffer.concat(pieces);
      const found = await factsOf(received);
      if (found.bytes === wanted.bytes && found.sha256 === wanted.sha256) return received;
      pieces = [];
      count = 0;
      throw new AwayError(`The ${name} arrived damaged.`);
    }, signal);
  }

  async function bringToBot(attempt: Attempt, name: OutputFile, { bytes, facts: wanted }: SentFile) {
    const path = `/blobs/${attempt.jobId}/${name}`;
    const common = { secret: claimedBy(attempt).ticket, signal: ending, timeoutMs: pieceMs };
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

  /** By the links that the bot gives; asked once more, it says that all is there. */
  async function bringToStore(attempt: Attempt, name: OutputFile, { bytes, facts: file }: SentFile) {
    for (let round = 0; round < 2; round++) {
      const { body } = await act(attempt, 'upload', { name, file });
      const { parts } = uploadPlanSchema.parse(jsonOf(body));
      if (parts.length === 0) return;
      for (const { at, end, url: link } of parts) {
        const timeoutMs = pieceMs + Math.ceil((end - at) / slowestBytesPerMs);
        await send(link, { method: 'PUT', body: bytes.subarray(at, end), signal: ending, timeoutMs });
      }
    }
    throw new AwayError(`The ${name} did not arrive in the store.`);
  }

  const bring = (attempt: Attempt, name: OutputFile, file: SentFile) =>
    claimedBy(attempt).uploads === 'store' ? bringToStore(attempt, name, file) : bringToBot(attempt, name, file);

  const act = (attempt: Attempt, action: string, json: unknown = {}) =>
    send(`/jobs/${attempt.jobId}/${action}`, {
      method: 'POST',
      secret: claimedBy(attempt).ticket,
      json,
      signal: ending,
    });

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
      const { ticket, uploads } = claimed;
      tickets.set(jobId, { number: claimed.attempt.number, ticket, ...(uploads && { uploads }) });
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
