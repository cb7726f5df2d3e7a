import { z } from 'zod';
import type { PicturePolicy } from '../media/check-file.ts';
import type { PictureInfo } from '../media/open-picture.ts';
import { picturePolicySchema } from './messages.ts';
import { wireErrorSchema } from './wire-error.ts';

/** What a look at a picture found. */
export interface CheckedPicture extends PictureInfo {
  /** It is wholly white or empty: there is nothing to see. */
  isBlank: boolean;
}

const id = z.number().int().positive();
const pixels = z.number().int().positive();

const requestSchema = z.strictObject({
  id,
  bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  pictures: picturePolicySchema.optional() as z.ZodType<PicturePolicy | undefined>,
});

/** A picture to be looked at. */
export type CheckRequest = z.output<typeof requestSchema>;

const answerSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('checked'),
    id,
    picture: z.strictObject({
      format: z.enum(['jpeg', 'png', 'webp', 'gif', 'avif']),
      width: pixels,
      height: pixels,
      isBlank: z.boolean(),
    }),
  }),
  z.strictObject({ type: z.literal('failed'), id, error: wireErrorSchema }),
]);

/** What comes of it. */
export type CheckAnswer = z.output<typeof answerSchema>;

/** @throws z.ZodError the message is no request */
export function parseCheckRequest(message: unknown): CheckRequest {
  return requestSchema.parse(message);
}

/** @throws z.ZodError the message is no answer: it comes from a process that decodes strangers' pictures */
export function parseCheckAnswer(message: unknown): CheckAnswer {
  return answerSchema.parse(message);
}
