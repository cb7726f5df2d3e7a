import { InferenceError } from '../../errors.ts';
import type { NetworkSession } from '../runtime/session.ts';

/** Uses a network and gives it back, whatever happens. */
export async function withSession<Result>(
  opening: Promise<NetworkSession>,
  use: (session: NetworkSession) => Promise<Result>,
): Promise<Result> {
  const session = await opening;
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

/**
 * A network's output, which its graph declares.
 * @throws InferenceError it is not there
 */
export function present(tensor: Float32Array | undefined): Float32Array {
  if (tensor === undefined) throw new InferenceError('session-output', 'A network lacks an output.');
  return tensor;
}
