import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { devicesOf, visibleGpus } from '../../src/worker/devices.ts';
import { childEnvironment } from '../../src/worker/fork-child.ts';
import { tempFolder } from '../support/temp-folder.ts';

const auto = { provider: 'auto' } as const;
const none = { wanted: undefined, execution: auto, gpus: [] };

describe('devicesOf', () => {
  it('auto: every card in a process of its own that sees no other; else what PROVIDER says, as before', () => {
    expect(devicesOf({ ...none, gpus: ['0', '1'] })).toEqual([
      { name: 'gpu 0', provider: 'cuda', environment: { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: '0' } },
      { name: 'gpu 1', provider: 'cuda', environment: { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: '1' } },
    ]);
    expect(devicesOf({ ...none, gpus: ['0'] })).toEqual([{ name: 'device', provider: 'auto', environment: {} }]);
    const execution = { provider: 'cpu', threads: 3 } as const;
    expect(devicesOf({ ...none, execution, gpus: ['0', '1'] })).toEqual([
      { name: 'cpu', provider: 'cpu', threads: 3, environment: {} },
    ]);
  });

  it('cpu,cpu: processes that share the cores and see no card', () => {
    const environment = { CUDA_VISIBLE_DEVICES: '' };
    expect(devicesOf({ ...none, wanted: ['cpu', 'cpu', 'cpu'], cores: 8 })).toEqual(
      [1, 2, 3].map((number) => ({ name: `cpu ${number}`, provider: 'cpu', threads: 2, environment })),
    );
    expect(devicesOf({ ...none, wanted: ['cpu', 'cpu'], cores: 1 }).map(({ threads }) => threads)).toEqual([1, 1]);
    expect(devicesOf({ ...none, wanted: ['cpu'], cores: 8 })).toEqual([{ name: 'cpu', provider: 'cpu', environment }]);
  });

  it('a card is counted among those that CUDA_VISIBLE_DEVICES names already, and may have two processes', () => {
    const devices = devicesOf({ ...none, wanted: [1, 1, 'cpu'], gpus: ['4', 'GPU-7f'] });
    expect(devices.map(({ name, environment }) => [name, environment.CUDA_VISIBLE_DEVICES])).toEqual([
      ['gpu 1 process 1', 'GPU-7f'],
      ['gpu 1 process 2', 'GPU-7f'],
      ['cpu', ''],
    ]);
  });

  it('refuses a card that is not there, or that PROVIDER does not run on, and says what would do', () => {
    expect(() => devicesOf({ ...none, wanted: [0] })).toThrow(/card 0, and no NVIDIA card is found.*DEVICES=auto/);
    expect(() => devicesOf({ ...none, wanted: [2], gpus: ['0', '1'] })).toThrow(/cards 0 to 1 are here/);
    const execution = { provider: 'webgpu' } as const;
    expect(() => devicesOf({ ...none, wanted: [0], execution, gpus: ['0'] })).toThrow(/PROVIDER=auto or cuda/);
  });

  it('what a device adds reaches its render process', () => {
    const [, second] = devicesOf({ ...none, gpus: ['0', '1'] });
    expect(childEnvironment({ CUDA_VISIBLE_DEVICES: '0,1', ...second?.environment })).toMatchObject({
      CUDA_VISIBLE_DEVICES: '1',
      CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    });
  });
});

describe('visibleGpus', () => {
  it('are those that the operator named, else those that the driver tells of', () => {
    const driver = tempFolder();
    for (const bus of ['0000:01:00.0', '0000:41:00.0']) mkdirSync(join(driver, bus));
    expect(visibleGpus({}, driver)).toEqual(['0', '1']);
    expect(visibleGpus({ CUDA_VISIBLE_DEVICES: '3, GPU-7f' }, driver)).toEqual(['3', 'GPU-7f']);
    expect(visibleGpus({ CUDA_VISIBLE_DEVICES: '' }, driver)).toEqual([]);
    expect(visibleGpus({}, join(driver, 'absent'))).toEqual([]);
  });
});
