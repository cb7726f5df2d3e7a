import { probeUnet } from '../inference/pipeline/probe-unet.ts';
import { dieWithParent } from './die-with-parent.ts';
import { type ProbeAnswer, parseProbeRequest } from './probe-messages.ts';
import { toWireError } from './wire-error.ts';

// The file that probeProvider forks: tries one provider, says what came of it, and ends.

dieWithParent();
process.once('message', async (message) => {
  const answer: ProbeAnswer = await probeUnet(parseProbeRequest(message)).then(
    (probe) => ({ type: 'probed', probe }),
    (error: unknown) => ({ type: 'failed', error: toWireError(error) }),
  );
  process.send?.(answer, () => process.exit(0));
});
