import { type Device, noGpu } from './devices.ts';
import { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';

/** One render process of a host, and what it is for. */
export interface FleetMember {
  name: string;
  lane: 'render' | 'encode';
  facts: Readonly<Record<string, string | number>>;
  renderer: WorkerPool;
}

/** All render processes of a host. */
export interface Fleet {
  members: readonly FleetMember[];
  close(): Promise<void>;
}

/** The name of the process that encodes. */
const encoderName = 'encoder';

/**
 * A process for each device, and one that encodes kept frames anew, so that this never waits behind a render. Each is
 * started for its first job and ends by itself after it had none for a while.
 */
export function createFleet(options: WorkerPoolOptions, devices: readonly Device[]): Fleet {
  const { execution, environment } = options;
  const { threads: _, ...withoutThreads } = execution;
  const members: FleetMember[] = devices.map((device) => {
    const { name, provider, threads } = device;
    const renderer = createWorkerPool({
      ...options,
      execution: { ...withoutThreads, provider, ...(threads !== undefined && { threads }) },
      environment: { ...environment, ...device.environment },
    });
    return { name, lane: 'render', facts: { provider }, renderer };
  });
  const encoder = createWorkerPool({
    ...options,
    // It loads no network: only the model's settings are read.
    loras: undefined,
    execution: { ...execution, provider: 'cpu' },
    environment: { ...environment, ...noGpu },
  });
  members.push({ name: encoderName, lane: 'encode', facts: {}, renderer: encoder });
  return {
    members,
    close: async () => void (await Promise.all(members.map(({ renderer }) => renderer.close()))),
  };
}
