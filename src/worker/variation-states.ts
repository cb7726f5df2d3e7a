import { z } from 'zod';
import { maxCheckpointBytes } from '../inference/pipeline/types.ts';
import type { RgbFrames } from '../util/rgb.ts';

/** A variation that has come to where it is shown. */
export interface ShownVariation {
  /** The model's guess of its frames. */
  frames: RgbFrames;
  /** A checkpoint to go on from; left out where it would be too large: then it is rendered from its beginning. */
  state?: Uint8Array;
  /** It may not be shown: its frames are a grey instead. */
  isRefused?: true;
}

/** How far variations have come. */
export interface VariationStates {
  /** In their order. */
  shown: ShownVariation[];
  /** A checkpoint of the next one, where it has begun. */
  running?: Uint8Array;
}

const headerSchema = z.strictObject({
  kinora: z.literal('variations'),
  shown: z.array(
    z.strictObject({
      width: z.int().positive(),
      height: z.int().positive(),
      frames: z.int().positive(),
      stateBytes: z.int().nonnegative(),
      isRefused: z.literal(true).exactOptional(),
    }),
  ),
  runningBytes: z.int().nonnegative(),
});

/** The header's length, a little-endian u32, stands before it. */
const prefixBytes = 4;

/** The bytes of states: a header in JSON, then for each variation its frames and its checkpoint, then that of the next. */
export function encodeStates({ shown, running }: VariationStates): Uint8Array {
  const header: z.infer<typeof headerSchema> = {
    kinora: 'variations',
    shown: shown.map(({ frames: { width, height, frames }, state, isRefused }) => ({
      width,
      height,
      frames: frames.length,
      stateBytes: state?.byteLength ?? 0,
      ...(isRefused && { isRefused }),
    })),
    runningBytes: running?.byteLength ?? 0,
  };
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32LE(text.byteLength);
  const parts = shown.flatMap(({ frames: { frames }, state }) => [...frames, ...(state ? [state] : [])]);
  return Buffer.concat([prefix, text, ...parts, ...(running ? [running] : [])]);
}

/**
 * Reads states back; the parts are views of `bytes`. What cannot be read is no fault: the variations begin anew.
 * @param log gets the reason
 */
export function readStates(bytes: Uint8Array, log: (message: string) => void): VariationStates | undefined {
  try {
    const end = prefixBytes + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readUInt32LE();
    const header = headerSchema.parse(JSON.parse(Buffer.from(bytes.subarray(prefixBytes, end)).toString('utf8')));
    let at = end;
    const take = (length: number) => {
      at += length;
      if (at > bytes.byteLength) throw new Error('they end too early.');
      return bytes.subarray(at - length, at);
    };
    const shown = header.shown.map(({ width, height, frames, stateBytes, isRefused }): ShownVariation => {
      const pictures = Array.from({ length: frames }, () => take(width * height * 3));
      const shownFrames = { frames: { width, height, frames: pictures }, ...(isRefused && { isRefused }) };
      return { ...shownFrames, ...(stateBytes > 0 && { state: take(stateBytes) }) };
    });
    return { shown, ...(header.runningBytes > 0 && { running: take(header.runningBytes) }) };
  } catch (error) {
    log(`Variations cannot be read, they start over: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** The checkpoint of one variation, counted from 1; undefined where there is none to go on from. */
export function stateOf(states: Uint8Array, number: number): Uint8Array | undefined {
  const { state } = readStates(states, () => {})?.shown[number - 1] ?? {};
  return state !== undefined && state.byteLength <= maxCheckpointBytes ? state : undefined;
}
