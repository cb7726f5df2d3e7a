import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Attempt } from '../storage/attempts.ts';
import type { OutputFile } from './protocol.ts';

const payloadSchema = z.strictObject({
  job: z.string(),
  holder: z.string(),
  fence: z.number().int(),
  untilMs: z.number(),
  limits: z.strictObject({ clip: z.number(), master: z.number(), checkpoint: z.number() }),
});

/** What a ticket lets its holder do. */
export interface Ticket {
  attempt: Attempt;
  /** The largest files that may be sent, in bytes. */
  limits: Record<OutputFile, number>;
}

/** Signs the right to one attempt of one job. Only who has the key can make one. */
export function makeTicket(key: string, { attempt, limits }: Ticket, untilMs: number): string {
  const { jobId: job, holder, number: fence } = attempt;
  const payload = Buffer.from(JSON.stringify({ job, holder, fence, untilMs, limits })).toString('base64url');
  return `${payload}.${sign(key, payload).toString('base64url')}`;
}

/** Undefined where it was not made with this key, is for another job, or is too old. */
export function readTicket(
  key: string,
  text: string,
  { jobId, nowMs }: { jobId: string; nowMs: number },
): Ticket | undefined {
  const [payload = '', signature = ''] = text.split('.');
  const given = Buffer.from(signature, 'base64url');
  const wanted = sign(key, payload);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  const { job, holder, fence, untilMs, limits } = payloadSchema.parse(
    JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')),
  );
  if (job !== jobId || untilMs < nowMs) return undefined;
  return { attempt: { jobId, holder, number: fence }, limits };
}

const sign = (key: string, payload: string) => createHmac('sha256', key).update(payload).digest();

/** Whether two secrets are the same; how long it takes says nothing of where they differ. */
export function isSameSecret(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(first!, second!);
}
