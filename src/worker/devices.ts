import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ConfigError } from '../errors.ts';
import type { ExecutionOptions, ProviderName } from '../settings/execution.ts';

/** What one render process runs on. */
export interface Device {
  /** For the operator: `gpu 0`, `cpu`, `cpu 2`. */
  name: string;
  provider: ProviderName;
  /** Left out: one per core. */
  threads?: number;
  /** What its process gets besides the bot's environment. */
  environment: Readonly<Record<string, string>>;
}

/** An entry of DEVICES: an NVIDIA card, counted as `nvidia-smi` does, or the CPU. */
type DeviceName = number | 'cpu';

/** What devices are chosen by. */
export interface DeviceChoice {
  /** Undefined: every card there is, else whatever PROVIDER says. */
  wanted: readonly DeviceName[] | undefined;
  execution: ExecutionOptions;
  /** Names of the cards that CUDA may use, see {@link visibleGpus}. */
  gpus: readonly string[];
  /** Processors of this machine. */
  cores?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The NVIDIA cards that CUDA may use on this machine, by the names that CUDA_VISIBLE_DEVICES takes: those that it names
 * already, else all that the driver tells of. Empty where there is no driver, and on other systems than Linux.
 */
export function visibleGpus(environment: Environment, driverFolder = '/proc/driver/nvidia/gpus'): string[] {
  const named = environment.CUDA_VISIBLE_DEVICES;
  if (named !== undefined) return named.split(',').flatMap((name) => name.trim() || []);
  try {
    return readdirSync(driverFolder).map((_, index) => String(index));
  } catch {
    return [];
  }
}

/**
 * The devices to render on, one process for each. A card that is named twice gets two.
 * @throws ConfigError `device-missing`: a card that is not there; `device-provider`: PROVIDER does not run on cards
 */
export function devicesOf({ wanted, execution, gpus, cores = availableParallelism() }: DeviceChoice): Device[] {
  const { provider, threads } = execution;
  const single: Device = {
    name: provider === 'auto' ? 'device' : provider,
    provider,
    environment: {},
    ...held(threads),
  };
  const isCuda = provider === 'cuda' || provider === 'auto';
  if (wanted === undefined) {
    return isCuda && gpus.length > 1 ? named(gpus.map((_, index) => gpu(index, gpus))) : [single];
  }
  const cpus = wanted.filter((device) => device === 'cpu').length;
  // Processes that share the cores; ONNX Runtime itself counts them where there is one.
  const share = threads ?? (cpus > 1 ? Math.max(1, Math.floor(cores / cpus)) : undefined);
  return named(
    wanted.map((device) => {
      // An empty list: the card's memory is not this process's to touch.
      if (device === 'cpu') return { name: 'cpu', provider: 'cpu', environment: noGpu, ...held(share) };
      if (!isCuda)
        throw new ConfigError('device-provider', `DEVICES=${device} needs PROVIDER=auto or cuda, not ${provider}.`);
      return gpu(device, gpus);
    }),
  );
}

/** For processes that have no business with cards. */
export const noGpu = { CUDA_VISIBLE_DEVICES: '' } as const;

/** Counted as `nvidia-smi` does, and not by speed. */
function gpu(index: number, gpus: readonly string[]): Device {
  const visible = gpus[index];
  if (visible === undefined) {
    const there = gpus.length === 0 ? 'no NVIDIA card is found here' : `cards 0 to ${gpus.length - 1} are here`;
    throw new ConfigError('device-missing', `DEVICES names card ${index}, and ${there}; for example DEVICES=auto`);
  }
  const environment = { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: visible };
  return { name: `gpu ${index}`, provider: 'cuda', environment };
}

/** Tells devices of the same name apart. */
function named(devices: readonly Device[]): Device[] {
  const seen = new Map<string, number>();
  return devices.map((device) => {
    const count = (seen.get(device.name) ?? 0) + 1;
    seen.set(device.name, count);
    const isOnly = devices.filter(({ name }) => name === device.name).length === 1;
    if (isOnly) return device;
    return { ...device, name: device.name === 'cpu' ? `cpu ${count}` : `${device.name} process ${count}` };
  });
}

const held = (threads: number | undefined) => (threads === undefined ? {} : { threads });
