import { describe, expect, it } from 'vitest';
import { openGolden } from './golden.ts';

describe('openGolden', () => {
  it('reads tensors, aliases and the manifest', async () => {
    const golden = await openGolden('networks/tiny-a.unet');
    expect(golden.manifest.versions.diffusers).toBe('0.42.1');
    expect(golden.manifest.modules.blocks?.mid_block).toBe('UNetMidBlockSpatioTemporal');
    expect(golden.floats('blocks/in/sample').shape).toEqual([2, 3, 8, 6, 4]);
    expect(golden.floats('blocks/time_proj/in/timesteps').data).toEqual(golden.floats('blocks/in/timestep').data);
    expect(() => golden.tensor('blocks/nothing')).toThrow(/no tensor blocks\/nothing/);
  });
});
