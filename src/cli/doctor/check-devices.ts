import type { Config } from '../../config/config.ts';
import { InferenceError } from '../../errors.ts';
import type { UnetProbe, UnetProbeRequest } from '../../inference/pipeline/probe-unet.ts';
import type { Device } from '../../worker/devices.ts';
import { describeError } from '../describe-error.ts';
import type { Finding } from './finding.ts';

/** What the check works with; tests put other answers in place of the probe. */
interface DeviceCheckOptions {
  wanted: Config['devices'];
  /** What the bot would render on. Rejects with ConfigError where DEVICES names what is not there. */
  choose: () => Promise<readonly Device[]>;
  /** The model whose UNet is run. */
  modelDir: string;
  probe: (request: UnetProbeRequest, environment: Device['environment']) => Promise<UnetProbe>;
}

/** Tries each device by itself where there are several or some were named: the bot goes on with those that work. */
export async function checkDevices({ wanted, choose, modelDir, probe }: DeviceCheckOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    const devices = await choose();
    // The checks of the providers have said it all.
    if (wanted === undefined && devices.length === 1) return [];
    for (const device of devices) findings.push(await checkDevice(device));
  } catch (error) {
    findings.push({ check: 'devices', verdict: 'fails', text: describeError(error, { withCauses: false }) });
  }
  const isAnyFit = findings.some(({ verdict }) => verdict === 'ok');
  return findings.map((found) => (found.verdict === 'fails' && isAnyFit ? { ...found, verdict: 'note' } : found));

  async function checkDevice({ name, provider, threads, environment }: Device): Promise<Finding> {
    try {
      const asked = provider === 'auto' ? 'cpu' : provider;
      const { callSeconds } = await probe({ modelDir, provider: asked, precision: 'float32', threads }, environment);
      const text = `${provider}: ${(callSeconds * 1000).toFixed(1)} ms per call of a UNet of the demo model's size in float32`;
      return { check: name, verdict: 'ok', text, facts: { callSeconds } };
    } catch (error) {
      if (!(error instanceof InferenceError)) throw error;
      const text = `the bot would go on without it: ${describeError(error, { withCauses: false })}`;
      return { check: name, verdict: 'fails', text, facts: { code: error.code } };
    }
  }
}
