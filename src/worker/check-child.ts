import { limitsOf } from '../media/check-file.ts';
import { decodePicture } from '../media/decode-picture.ts';
import { type CheckAnswer, parseCheckRequest } from './check-messages.ts';
import { dieWithParent } from './die-with-parent.ts';
import { createChannelReceiver } from './large-messages.ts';
import { toWireError } from './wire-error.ts';

// The file that the picture checker forks: decodes pictures and says what came of it, until its parent goes away. A
// process beside the one that renders, since that one hears nothing while a step runs.

dieWithParent();
process.on('disconnect', () => process.exit(0));
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});
const receive = createChannelReceiver(async (message) => {
  const { id, bytes, pictures } = parseCheckRequest(message);
  const answer: CheckAnswer = await decodePicture(bytes, limitsOf(pictures)).then(
    ({ format, width, height, isBlank }) => ({ type: 'checked', id, picture: { format, width, height, isBlank } }),
    (error: unknown) => ({ type: 'failed', id, error: toWireError(error) }),
  );
  process.send?.(answer, undefined, {}, () => {});
});
process.on('message', receive);
