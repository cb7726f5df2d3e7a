import { setImmediate } from 'node:timers/promises';

// Node copies a message's bytes twice at each end of a channel between processes, and each time all at once: a clip of
// 20 MB with its frames would hold the receiver's event loop for 40 ms and more. So large byte arrays travel before
// their message, in pieces that take less than a millisecond each.

/** Byte arrays up to this size stay in their message, and larger ones travel in pieces of it. */
const pieceBytes = 1024 * 1024;

/** More bytes than any message has: who claims more is broken, or means harm. */
const mostBytes = 2 ** 31;

/** A part of a byte array. The pieces of an array come one after the other, and the first says how long it is. */
interface Piece {
  type: 'piece';
  bytes: Uint8Array;
  totalBytes: number;
}

/** A message whose large byte arrays came before it, in order; where they belong stand {@link Place}s. */
interface Rest {
  type: 'rest-of-message';
  message: unknown;
}

/** Stands for the array with that number. */
interface Place {
  largeBytes: number;
}

/** Hands one message to the channel, and tells when it is on its way. */
type SendOne = (message: unknown, done: (error: Error | null) => void) => void;

/**
 * Sends messages of any size, in the order of the calls. The promise resolves when the message is on its way, and rejects as
 * the channel refuses it. A small message goes at once where nothing is before it.
 */
export function createChannelSender(sendOne: SendOne): (message: unknown) => Promise<void> {
  const send = (message: unknown) =>
    new Promise<void>((resolve, reject) => {
      sendOne(message, (error) => (error ? reject(error) : resolve()));
    });
  let underWay = 0;
  let tail = Promise.resolve();

  async function sendInPieces(message: unknown, large: readonly Uint8Array[]): Promise<void> {
    for (const bytes of large) {
      for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
        const piece: Piece = {
          type: 'piece',
          bytes: bytes.subarray(at, at + pieceBytes),
          totalBytes: bytes.byteLength,
        };
        await send(piece);
        await setImmediate();
      }
    }
    const rest: Rest = { type: 'rest-of-message', message };
    await send(rest);
  }

  return (message) => {
    const large: Uint8Array[] = [];
    const small = withoutLarge(message, large);
    if (large.length === 0 && underWay === 0) return send(message);
    underWay++;
    const sent = tail.then(() => (large.length === 0 ? send(message) : sendInPieces(small, large)));
    tail = sent
      .catch(() => {})
      .finally(() => {
        underWay--;
      });
    return sent;
  };
}

/**
 * Puts together what {@link createChannelSender} sent, and hands whole messages on.
 *
 * The function that it gives throws where pieces do not fit together.
 */
export function createChannelReceiver(onMessage: (message: unknown) => void): (received: unknown) => void {
  let whole: Uint8Array[] = [];
  let current: { bytes: Uint8Array; filled: number } | undefined;
  return (received) => {
    if (isPiece(received)) {
      const { bytes, totalBytes } = received;
      // Not zeroed: the system gives pages as they are filled.
      current ??= { bytes: Buffer.allocUnsafeSlow(checkedSize(totalBytes)), filled: 0 };
      current.bytes.set(bytes, current.filled);
      current.filled += bytes.byteLength;
      if (current.filled < current.bytes.byteLength) return;
      whole.push(current.bytes);
      current = undefined;
      return;
    }
    if (!isRest(received)) {
      onMessage(received);
      return;
    }
    if (current !== undefined) throw new Error('A message came before all of its bytes.');
    const parts = whole;
    whole = [];
    onMessage(withLarge(received.message, parts));
  };
}

function checkedSize(totalBytes: number): number {
  if (Number.isSafeInteger(totalBytes) && totalBytes > 0 && totalBytes <= mostBytes) return totalBytes;
  throw new RangeError(`A message claims ${totalBytes} bytes.`);
}

/** The message with places instead of its large byte arrays, which are added to `large`. */
function withoutLarge(value: unknown, large: Uint8Array[]): unknown {
  if (value instanceof Uint8Array) {
    if (value.byteLength <= pieceBytes) return value;
    const place: Place = { largeBytes: large.push(value) - 1 };
    return place;
  }
  return mapped(value, (inner) => withoutLarge(inner, large));
}

function withLarge(value: unknown, large: readonly Uint8Array[]): unknown {
  if (!isPlace(value)) return mapped(value, (inner) => withLarge(inner, large));
  const bytes = large[value.largeBytes];
  if (bytes === undefined) throw new Error('A message lacks some of its bytes.');
  return bytes;
}

/** Of an object, another one with its values changed; anything else as it is. */
function mapped(value: unknown, change: (inner: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(inner)]));
}

function isPiece(message: unknown): message is Piece {
  return hasType(message, 'piece') && 'bytes' in message && message.bytes instanceof Uint8Array;
}

function isRest(message: unknown): message is Rest {
  return hasType(message, 'rest-of-message');
}

function hasType(message: unknown, type: string): message is object {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === type;
}

function isPlace(value: unknown): value is Place {
  return typeof value === 'object' && value !== null && 'largeBytes' in value && typeof value.largeBytes === 'number';
}
