import { z } from 'zod';
import { InferenceError, UserError } from '../errors.ts';
import type { Attempt } from './attempts.ts';
import type { FinalJobState } from './job.ts';

/** The shape of a stored {@link FinalNotice}. */
export const finalNoticeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('cancelled') }),
  /** Something broke: the person gets the job's id, the log has the rest. */
  z.object({ kind: z.literal('broke') }),
  z.object({
    kind: z.literal('refused'),
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
]);

/** What a requester has to be told of a job that ended without a clip; kept until it is said, over restarts too. */
export type FinalNotice = z.output<typeof finalNoticeSchema>;

/** The final notice of a job that `error` ended: only a UserError's own words are for people. */
export function finalNoticeOf(error: unknown): FinalNotice {
  if (!(error instanceof UserError)) return { kind: 'broke' };
  const { code, message, details } = error;
  return { kind: 'refused', code, message, details };
}

/** The error behind a stored final notice, as far as a person is told of it; undefined for a cancelled job. */
export function errorOf(finalNotice: FinalNotice): UserError | InferenceError | undefined {
  switch (finalNotice.kind) {
    case 'cancelled':
      return undefined;
    case 'broke':
      return new InferenceError('broken', 'The job failed before the bot was started again; see the log of then.');
    case 'refused':
      return new UserError(finalNotice.code, finalNotice.message, { details: finalNotice.details });
  }
}

/** How a job ends. */
export interface JobEnd {
  state: FinalJobState;
  finishedAtMs: number;
  errorCode?: string;
  pendingNotice?: FinalNotice;
  /** Left out: whoever owns the queue decided so, whoever renders the job at this moment. */
  attempt?: Attempt;
}
