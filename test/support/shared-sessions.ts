import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { InferenceSession as Session } from 'onnxruntime-node';

// In tests that share a process this stands in place of onnxruntime-node (see vitest.config.ts). Most of what renders of
// tiny models cost is making sessions of the same few networks again and again: ONNX Runtime optimizes each graph for 10 to
// 100 ms. Here whoever asks for a session of the CPU gets the one that was made of the same bytes before, also while others
// have it: a run blocks the process until it ends, and sessions keep nothing from run to run, so that outputs stay the same
// bit for bit. A session that was released refuses to run, as a real one does.
// The first session of each network in a process, all those of child processes and of isolated tests are made as always.

const real = createRequire(import.meta.url)('onnxruntime-node') as typeof import('onnxruntime-node');

export const { Tensor, env } = real;

type Release = () => Promise<void>;

interface SharedSession {
  session: Promise<Session>;
  users: number;
}

/** By what they are made from, the one that was asked for last at the end. */
const shared = new Map<string, SharedSession>();

/** Of tiny models a session takes about a megabyte. */
const mostShared = 200;

/** A graph of this size belongs to no tiny model. */
const largestModelBytes = 2 ** 20;

/** What a session is made from, its weights' files included; undefined where it is not to be shared. */
function keyOf(model: unknown, options: Session.SessionOptions | undefined): string | undefined {
  const isPlain = options?.executionProviders?.join() === 'cpu' && options.enableProfiling !== true;
  if (!isPlain || !(model instanceof Uint8Array) || model.byteLength > largestModelBytes) return undefined;
  const hash = createHash('sha1').update(model).update(JSON.stringify(options));
  const entries = (options.extra?.session ?? {}) as Record<string, string>;
  const folder = entries.model_external_initializers_file_folder_path;
  try {
    // A file whose bytes were changed has another time of change, whatever its owner made of its other times.
    for (const name of folder === undefined ? [] : readdirSync(folder).sort()) {
      const { dev, ino, size, ctimeNs } = statSync(join(`${folder}`, name), { bigint: true });
      hash.update(`${name} ${dev} ${ino} ${size} ${ctimeNs}\n`);
    }
  } catch {
    return undefined; // the files went away: the real one says so
  }
  return hash.digest('hex');
}

async function create(model: unknown, options?: Session.SessionOptions): Promise<Session> {
  const createReal = real.InferenceSession.create as (...all: unknown[]) => Promise<Session>;
  const key = keyOf(model, options);
  if (key === undefined) return createReal(model, options);
  const entry = shared.get(key) ?? { session: createReal(model, options), users: 0 };
  entry.users++;
  shared.delete(key);
  shared.set(key, entry);
  try {
    const session = await entry.session;
    return lent(session, async () => {
      entry.users--;
      await releaseUnused();
    });
  } catch (error) {
    if (shared.get(key) === entry) shared.delete(key);
    throw error;
  }
}

/** Ends the sessions that nobody has and that were not asked for for longest, where there are too many. */
async function releaseUnused(): Promise<void> {
  for (const [key, { session, users }] of shared) {
    if (shared.size <= mostShared) return;
    if (users > 0) continue;
    shared.delete(key);
    await (await session).release();
  }
}

/** A session until it is released. */
function lent(session: Session, giveBack: Release): Session {
  let isReleased = false;
  const refuseReleased = () => {
    if (isReleased) throw new Error('The session was released.');
  };
  return {
    ...session,
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    inputMetadata: session.inputMetadata,
    outputMetadata: session.outputMetadata,
    startProfiling: () => session.startProfiling(),
    endProfiling: () => session.endProfiling(),
    async run(...inputs: unknown[]) {
      refuseReleased();
      return (session.run as (...all: unknown[]) => ReturnType<Session['run']>)(...inputs);
    },
    async release() {
      refuseReleased();
      isReleased = true;
      await giveBack();
    },
  };
}

export const InferenceSession = { create };
