import { Writable } from 'node:stream';

/** Cuts a byte stream into frames; those past `count` are dropped, as is what is left of one at the end. */
export function collectFrames(
  frames: Uint8Array[],
  { frameBytes, count }: { frameBytes: number; count: number },
): Writable {
  let frame = new Uint8Array(frameBytes);
  let filled = 0;
  return new Writable({
    // fluent-ffmpeg takes `close` for a fault if ffmpeg needs more than 20 ms to end after it.
    emitClose: false,
    write(chunk: Buffer, _encoding, done) {
      for (let position = 0; position < chunk.length && frames.length < count; ) {
        const part = chunk.subarray(position, position + frameBytes - filled);
        frame.set(part, filled);
        filled += part.length;
        position += part.length;
        if (filled === frameBytes) {
          frames.push(frame);
          frame = new Uint8Array(frameBytes);
          filled = 0;
        }
      }
      done();
    },
  });
}
