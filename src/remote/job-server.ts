import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ZodError, type z } from 'zod';
import { ConfigError, InferenceError, scopeOf } from '../errors.ts';
import type { JobAccess } from '../queue/job-access.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { requestUrl } from '../util/request-url.ts';
import type { RenderSpec } from '../worker/types.ts';
import { toWireError } from '../worker/wire-error.ts';
import type { Exchange, JobFiles } from './job-files.ts';
import {
  type Claimed,
  checkpointSchema,
  claimSchema,
  type FileFacts,
  factsOf,
  handInSchema,
  type InputFile,
  mostBytes,
  type OutputFile,
  outputFiles,
  previewSchema,
  splitSpec,
  uploadSchema,
  type WorkerFacts,
  workerFactsSchema,
} from './protocol.ts';
import { HttpRefusal, readBody } from './request-parts.ts';
import { isSameSecret, makeTicket, readTicket, type Ticket } from './tickets.ts';
import { type WorkerNeeds, whyUnfit } from './worker-needs.ts';

/** Where is listened. */
export interface ListenAddress {
  /** A host name or address, without brackets. */
  host: string;
  port: number;
}

/** What {@link startJobServer} works with. */
export interface JobServerOptions {
  listen: ListenAddress;
  /** What a worker must know to ask for jobs. */
  token: string;
  /** What tickets are signed with; the same over restarts, so that who renders goes on. */
  key: string;
  needs: WorkerNeeds;
  files: JobFiles;
  clock: Clock;
  log: Log;
}

/** What is served, once there is a queue. */
interface ServedJobs {
  access: JobAccess;
  /** What a job asks of the renderer, with its files. */
  specOf: (jobId: string) => Promise<RenderSpec | undefined>;
}

/** The bot's end for workers on other hosts. */
export interface JobServer {
  /** With the port that the system chose where 0 was asked for. */
  readonly address: ListenAddress;
  /** From now on jobs are given out; before, workers are asked to wait. */
  open(jobs: ServedJobs): void;
  close(): Promise<void>;
}

/** A ticket is good for so long; longer than any render. The lease is what is held against each request. */
const ticketMs = 7 * 24 * 3_600_000;

/** Words are small; a request with more is refused. */
const mostJsonBytes = 2 ** 18;

/** Claims whose answer is kept, in case it was lost on the way. */
const mostAnswers = 1_000;

/**
 * Lets workers on other hosts do with their jobs what {@link JobAccess} allows: who has the token may claim what was
 * handed to them, and what they get with it allows everything else of that one attempt.
 * @throws ConfigError `worker-listen`: the address cannot be used
 */
export async function startJobServer(options: JobServerOptions): Promise<JobServer> {
  const { listen, token, key, needs, files, clock, log } = options;
  const answers = new Map<string, { request: string; answer: Promise<Claimed | undefined> }>();
  let jobs: ServedJobs | undefined;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = requestUrl(request);
    const [, area, id = '', action = ''] = /^\/(jobs|blobs)\/([\w-]{1,64})\/([a-zA-Z]{1,20})$/.exec(pathname) ?? [];
    const isFitQuestion = pathname === '/workers/fit';
    if (area === undefined && !isFitQuestion) throw new HttpRefusal(404);
    const secret = /^Bearer (\S{1,2000})$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (isFitQuestion || action === 'claim') {
      if (!isSameSecret(secret, token)) throw new HttpRefusal(401);
      if (jobs === undefined) throw new HttpRefusal(503);
      if (isFitQuestion) refuseUnfit(await readJson(request, workerFactsSchema));
      else return answerJson(response, await claim(id, await readJson(request, claimSchema), jobs));
      return answerJson(response, undefined);
    }
    const ticket = readTicket(key, secret, { jobId: id, nowMs: clock.now() });
    if (ticket === undefined) throw new HttpRefusal(401);
    if (jobs === undefined) throw new HttpRefusal(503);
    if (area === 'jobs') return actOn(action, { request, response, ticket, jobs });
    // Bytes that nobody wants any more are not sent.
    if (!(await jobs.access.heartbeat(ticket.attempt))) throw lost(ticket);
    if (request.method === 'GET') return sendFile(action, { request, response, ticket, jobs });
    if (!isOutput(action)) throw new HttpRefusal(404);
    return files.receive({ request, response, ticket }, action);
  }

  function refuseUnfit(facts: WorkerFacts): void {
    const reason = whyUnfit(facts, needs);
    if (reason !== undefined) throw new HttpRefusal(412, new InferenceError('worker-unfit', reason, { scope: 'host' }));
  }

  /** Whether it would have to draw one of the bot's styles that it does not have. A style that the bot has no more is refused by any. */
  function lacksStyle({ form, base }: RenderSpec, facts: WorkerFacts): boolean {
    // Kept frames are drawn already.
    const style = base === undefined ? form?.style : undefined;
    return style !== undefined && needs.styles.includes(style) && !facts.styles.includes(style);
  }

  async function claim(
    id: string,
    { worker, request, facts }: z.output<typeof claimSchema>,
    { access }: ServedJobs,
  ): Promise<Claimed | undefined> {
    refuseUnfit(facts);
    const known = answers.get(id);
    if (known?.request === request) return known.answer;
    const answer = claimNow();
    answers.delete(id);
    answers.set(id, { request, answer });
    answer.catch(() => answers.delete(id));
    for (const oldest of answers.keys()) if (answers.size > mostAnswers) answers.delete(oldest);
    return answer;

    async function claimNow(): Promise<Claimed | undefined> {
      const work = await access.claim(id, worker);
      if (work === undefined) return undefined;
      const { attempt, leaseMs, expected, wantsPreview } = work;
      // The queue gives jobs to those who can make them; this one was on its way when the worker's folder changed.
      if (lacksStyle(work.spec, facts)) {
        await access.giveBack(attempt);
        return undefined;
      }
      files.begin(attempt);
      const { spec, files: inputs } = splitSpec(work.spec);
      const found = Object.entries(inputs).map(async ([name, bytes]) => [name, await factsOf(bytes)] as const);
      const limits = { ...mostBytes, clip: spec.maxBytes ?? mostBytes.clip };
      const ticket = makeTicket(key, { attempt, limits }, clock.now() + ticketMs);
      return {
        ticket,
        attempt,
        leaseMs,
        spec,
        files: Object.fromEntries(await Promise.all(found)) as Claimed['files'],
        ...(expected && { expected }),
        ...(files.uploads === 'store' && { uploads: files.uploads }),
        ...(wantsPreview && { wantsPreview }),
      };
    }
  }

  async function actOn(
    action: string,
    { request, response, ticket, jobs }: Exchange & { jobs: ServedJobs },
  ): Promise<void> {
    const { attempt } = ticket;
    const { access } = jobs;
    if (request.method !== 'POST') throw new HttpRefusal(405);
    switch (action) {
      case 'heartbeat':
        if (!(await access.heartbeat(attempt))) throw lost(ticket);
        break;
      case 'checkpoint': {
        const { file } = await readJson(request, checkpointSchema);
        await access.saveCheckpoint(attempt, await whole(attempt, 'checkpoint', file));
        break;
      }
      case 'upload': {
        const { name, file } = await readJson(request, uploadSchema);
        if (!(await access.heartbeat(attempt))) throw lost(ticket);
        return answerJson(response, await files.plan(ticket, name, file));
      }
      case 'preview': {
        const { webp } = await readJson(request, previewSchema);
        await access.showPreview(attempt, Buffer.from(webp, 'base64'));
        break;
      }
      case 'clip': {
        const { clip, files: sent } = await readJson(request, handInSchema);
        if (!(await access.heartbeat(attempt))) throw lost(ticket);
        const master = sent.master && (await whole(attempt, 'master', sent.master));
        const bytes = await whole(attempt, 'clip', sent.clip);
        if (!(await access.keepClip(attempt, { ...clip, bytes, ...(master && { master }) }))) {
          throw lost(ticket);
        }
        files.drop(attempt);
        break;
      }
      case 'release':
        await access.giveBack(attempt);
        files.drop(attempt);
        break;
      default:
        throw new HttpRefusal(404);
    }
    answerJson(response, undefined);
  }

  /** @throws HttpRefusal 416: it was not sent whole, e.g. since this process began after its first part */
  async function whole(attempt: Ticket['attempt'], name: OutputFile, facts: FileFacts): Promise<Uint8Array> {
    const bytes = await files.take(attempt, name, facts);
    if (bytes === undefined) throw new HttpRefusal(416);
    return bytes;
  }

  async function sendFile(
    name: string,
    { request, response, ticket, jobs }: Exchange & { jobs: ServedJobs },
  ): Promise<void> {
    const spec = await jobs.specOf(ticket.attempt.jobId);
    const bytes = spec && splitSpec(spec).files[name as InputFile];
    if (bytes === undefined) throw new HttpRefusal(404);
    await files.send({ request, response, ticket }, { name: name as InputFile, bytes });
  }

  /** Another attempt has the job, or it has ended. */
  function lost({ attempt }: Ticket): HttpRefusal {
    files.drop(attempt);
    return new HttpRefusal(409);
  }

  // Small limits: a piece of a file is the most that comes at once.
  const server = createServer(
    { requestTimeout: 60_000, headersTimeout: 10_000, maxHeaderSize: 8_192 },
    (request, response) => {
      handle(request, response).catch((error: unknown) => refuse(request, response, error));
    },
  );

  function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    request.resume();
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const isUnreadable = error instanceof ZodError || error instanceof SyntaxError;
    // What will work later by itself is tried again by the worker.
    const failure = scopeOf(error) === 'transient' ? 503 : 422;
    const status = error instanceof HttpRefusal ? error.status : isUnreadable ? 400 : failure;
    if (status === 422) log.warn({ path: requestUrl(request).pathname, err: error }, 'a worker’s request failed');
    const told = error instanceof HttpRefusal ? error.told : status === 422 ? error : undefined;
    answerJson(response, told === undefined ? undefined : { error: toWireError(told) }, status);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (cause: Error) => {
      const text = `WORKER_LISTEN=${listen.host}:${listen.port} cannot be listened on: ${cause.message}.`;
      reject(new ConfigError('worker-listen', text, { cause }));
    });
    server.listen(listen.port, listen.host);
  });
  server.on('error', (err) => log.warn({ err }, 'the server for workers reports an error'));
  server.unref();
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    open(served) {
      jobs = served;
    },
    close() {
      jobs = undefined;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      // What is being stored is stored; who sends a file sends it again.
      const cancel = clock.after(2_000, () => server.closeAllConnections());
      return closed.finally(cancel);
    },
  };
}

const isOutput = (name: string): name is OutputFile => (outputFiles as readonly string[]).includes(name);

async function readJson<Schema extends z.ZodType>(request: IncomingMessage, schema: Schema): Promise<z.output<Schema>> {
  const bytes = await readBody(request, mostJsonBytes);
  return schema.parse(JSON.parse(bytes.toString('utf8')));
}

function answerJson(response: ServerResponse, value: unknown, status = value === undefined ? 204 : 200): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(value === undefined ? undefined : JSON.stringify(value));
}
