import { z } from 'zod';
import type { UnetProbe, UnetProbeRequest } from '../inference/pipeline/probe-unet.ts';
import { executionSettings } from '../settings/execution.ts';
import { type WireError, wireErrorSchema } from './wire-error.ts';

/** All of a request's fields: one that is missing here does not compile. */
const requestFields = {
  modelDir: z.string().min(1),
  provider: z.enum(['cpu', 'cuda', 'webgpu']),
  precision: executionSettings.precision.type.schema,
  threads: z.number().int().positive().optional(),
  cudaGraph: executionSettings.cudaGraph.type.schema.optional(),
} satisfies Record<keyof UnetProbeRequest, z.ZodType>;

const requestSchema: z.ZodType<UnetProbeRequest> = z.strictObject(requestFields);

const probeSchema: z.ZodType<UnetProbe> = z.strictObject({
  output: z.custom<Float32Array>((value) => value instanceof Float32Array),
  loadSeconds: z.number().nonnegative(),
  callSeconds: z.number().nonnegative(),
});

/** What a probing process answers with, once. */
export type ProbeAnswer = { type: 'probed'; probe: UnetProbe } | { type: 'failed'; error: WireError };

const answerSchema: z.ZodType<ProbeAnswer> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('probed'), probe: probeSchema }),
  z.strictObject({ type: z.literal('failed'), error: wireErrorSchema }),
]);

/** @throws z.ZodError the message is no request for a probe */
export function parseProbeRequest(message: unknown): UnetProbeRequest {
  return requestSchema.parse(message);
}

/** @throws z.ZodError the message is no answer to one */
export function parseProbeAnswer(message: unknown): ProbeAnswer {
  return answerSchema.parse(message);
}
