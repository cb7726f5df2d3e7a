import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import { InferenceError } from '../errors.ts';
import type { UnetProbe, UnetProbeRequest } from '../inference/pipeline/probe-unet.ts';
import { type Device, devicesOf, visibleGpus } from '../worker/devices.ts';
import { probeProvider } from '../worker/probe-provider.ts';
import type { CliIo } from './io.ts';

/** A driver that says nothing for this long will not say anything. */
export const probeTimeoutMs = 300_000;

/** The model that providers are tried with. */
export const probeModelDir = fileURLToPath(new URL('../../models/demo', import.meta.url));

/** What {@link chooseDevices} works with; tests put other answers in place of the probe and the cards. */
interface ChooseDevicesOptions extends Pick<CliIo, 'environment' | 'signal'> {
  /** Told why cards are passed over. */
  onPassedOver?: (reason: string) => void;
  gpus?: readonly string[];
  probe?: (request: UnetProbeRequest) => Promise<UnetProbe>;
}

/**
 * What the bot renders on. Several cards are taken by themselves only where CUDA works: else each of their processes would
 * fall back to the same CPU.
 * @throws ConfigError DEVICES names what is not there
 */
export async function chooseDevices(
  { devices: wanted, execution }: Pick<Config, 'devices' | 'execution'>,
  { environment, signal, onPassedOver = () => {}, ...options }: ChooseDevicesOptions,
): Promise<Device[]> {
  const gpus = options.gpus ?? visibleGpus(environment);
  const { probe = (request) => probeProvider(request, { environment, signal, timeoutMs: probeTimeoutMs }) } = options;
  const devices = devicesOf({ wanted, execution, gpus });
  if (wanted !== undefined || execution.provider !== 'auto' || devices.length === 1) return devices;
  try {
    await probe({ modelDir: probeModelDir, provider: 'cuda', precision: 'float32', threads: undefined });
    return devices;
  } catch (error) {
    if (!(error instanceof InferenceError)) throw error;
    onPassedOver(error.message);
    return devicesOf({ wanted, execution, gpus: [] });
  }
}
