import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Attempt } from '../storage/attempts.ts';
import type { PartFiles } from './part-files.ts';
import { chunkBytes, type FileFacts, type InputFile, type OutputFile, type UploadPlan } from './protocol.ts';
import { answerRange, HttpRefusal, readContentRange } from './request-parts.ts';
import type { Ticket } from './tickets.ts';

/** A request of a worker that renders. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  ticket: Ticket;
}

/** How the files of running jobs travel between the bot and its workers. */
export interface JobFiles {
  /** Where workers bring files to: the bot, piece by piece, or a store, by {@link JobFiles.plan}. */
  readonly uploads: 'bot' | 'store';
  /** Answers with a file of the job. */
  send(exchange: Exchange, file: { name: InputFile; bytes: Uint8Array }): Promise<void>;
  /** Takes a piece of what a worker brings, or says how much is there. */
  receive(exchange: Exchange, name: OutputFile): Promise<void>;
  /** What is to be sent to the store, and where; nothing once the file is there whole. */
  plan(ticket: Ticket, name: OutputFile, facts: FileFacts): Promise<UploadPlan>;
  /**
   * A file that was brought, which is held no more once the job's clip is stored. Undefined where it is not there whole, or is
   * not what it was said to be.
   */
  take(attempt: Attempt, name: OutputFile, facts: FileFacts): Promise<Uint8Array | undefined>;
  /** An attempt has begun: what earlier ones of its job left is not wanted any more. */
  begin(attempt: Attempt): void;
  /** An attempt is over. */
  drop(attempt: Attempt): void;
  /** Waits for what is being deleted. */
  close(): Promise<void>;
}

/** Files that go over the bot's own endpoint: signed for one job, limited in size, and resumable in both directions. */
export function createDirectFiles(parts: PartFiles): JobFiles {
  return {
    uploads: 'bot',
    async send({ request, response }, { bytes }) {
      answerRange(request, response, bytes);
    },
    async receive({ request, response, ticket: { attempt, limits } }, name) {
      const sha256 = String(request.headers['x-sha256'] ?? '');
      let offset = parts.offset(attempt, name, sha256);
      if (request.method === 'PUT') {
        const { at, end, total } = readContentRange(request);
        if (total > limits[name] || end - at > chunkBytes) throw new HttpRefusal(413);
        offset = await parts.add({ attempt, name, sha256, at, end }, request);
      } else if (request.method !== 'HEAD') throw new HttpRefusal(405);
      request.resume();
      response.writeHead(204, { 'x-offset': String(offset) }).end();
    },
    plan: async () => {
      throw new HttpRefusal(404);
    },
    take: parts.take,
    begin: ({ jobId, number }) => parts.drop(jobId, number - 1),
    drop: ({ jobId, number }) => parts.drop(jobId, number),
    close: parts.onIdle,
  };
}
