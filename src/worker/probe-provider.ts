import { InferenceError } from '../errors.ts';
import type { UnetProbe, UnetProbeRequest } from '../inference/pipeline/probe-unet.ts';
import { forkChild, killGroup } from './fork-child.ts';
import { parseProbeAnswer } from './probe-messages.ts';
import { fromWireError } from './wire-error.ts';

/** Where a probe runs. */
interface ProbeOptions {
  /** The caller's environment; the process gets an allow-list of it. */
  environment: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  /** A driver that hangs is given up after this long. */
  timeoutMs: number;
  /** Another file for the process: tests only. */
  entry?: URL;
}

const isSource = import.meta.url.endsWith('.ts');
const defaultEntry = new URL(isSource ? './probe-child.ts' : './probe-child.js', import.meta.url);

/** Characters kept of what the process wrote before it died. */
const keptOutputLength = 2000;

/**
 * Runs a UNet on a provider in a process of its own: a driver that crashes or hangs takes only that one along.
 * @throws InferenceError the provider does not work; `probe-died`: it took the process down, or hung
 * @throws JobCancelledError (or whatever reason the signal has) the signal was aborted
 */
export async function probeProvider(
  request: UnetProbeRequest,
  { environment, signal, timeoutMs, entry = defaultEntry }: ProbeOptions,
): Promise<UnetProbe> {
  signal.throwIfAborted();
  const child = forkChild(environment, entry);
  const stop = () => killGroup(child);
  let lastOutput = '';
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    stop();
  }, timeoutMs);
  signal.addEventListener('abort', stop);
  try {
    return await new Promise<UnetProbe>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          lastOutput = (lastOutput + text).slice(-keptOutputLength);
        });
      }
      child.once('error', reject);
      child.once('close', (code, name) => {
        const how = hung ? `no answer within ${timeoutMs / 1000} s` : (name ?? `exit code ${code}`);
        const cause = lastOutput === '' ? undefined : new Error(lastOutput);
        reject(new InferenceError('probe-died', `${request.provider} took its process down (${how}).`, { cause }));
      });
      child.once('message', (message) => {
        try {
          const answer = parseProbeAnswer(message);
          if (answer.type === 'probed') resolve(answer.probe);
          else reject(fromWireError(answer.error));
        } catch (error) {
          reject(error);
        }
      });
      child.send(request, () => {});
    });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    stop();
  }
}
