import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { goldenPath } from '../support/golden.ts';
import { tempFolder } from '../support/temp-folder.ts';

async function kinoraModel(...argv: string[]) {
  const io = createMemoryIo({ environment: {} });
  const exitCode = await runCli(['model', ...argv], io);
  return { exitCode, out: io.out(), err: io.err() };
}

/** A copy of a small model that a test may damage. */
function modelCopy(): string {
  const folder = join(tempFolder(), 'model');
  cpSync(goldenPath('models/tiny-a'), folder, { recursive: true });
  return folder;
}

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** Changes a checkpoint in place: its header, or the bytes of its data. */
function damage(path: string, change: (header: Header, data: Buffer) => void): void {
  const file = readFileSync(path);
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerBytes)) as Header;
  const data = file.subarray(8 + headerBytes);
  change(header, data);
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([prefix, text, data]));
}

const unetFile = 'unet/diffusion_pytorch_model.fp16.safetensors';

describe('kinora model check', () => {
  it('finds nothing wrong with a right model, sampled or whole', async () => {
    for (const options of [[], ['--full']]) {
      const { exitCode, out } = await kinoraModel('check', goldenPath('models/tiny-a'), ...options);
      expect(exitCode).toBe(0);
      for (const network of ['unet', 'vae', 'image_encoder']) expect(out).toMatch(new RegExp(`${network} +ok`));
    }
  });

  it('finds nothing wrong with the demo model', async () => {
    expect((await kinoraModel('check', 'models/demo')).exitCode).toBe(0);
  });

  it('lists missing, unused and mis-shaped tensors and values that are not finite, of every network, together', async () => {
    const folder = modelCopy();
    damage(join(folder, unetFile), (header, data) => {
      const { 'conv_in.weight': moved, ...others } = header;
      if (moved === undefined) throw new Error('conv_in.weight is not there');
      for (const name of Object.keys(header)) delete header[name];
      Object.assign(header, others, { 'conv_inn.weight': moved });
      const bias = header['conv_out.bias'];
      if (bias === undefined) throw new Error('conv_out.bias is not there');
      bias.shape = [...bias.shape, 1];
      const begin = header['conv_in.bias']?.data_offsets[0] ?? 0;
      data.writeUInt16LE(0x7e00, begin);
    });
    rmSync(join(folder, 'image_encoder', 'model.safetensors'));
    const { exitCode, out } = await kinoraModel('check', folder);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/unet +WRONG/);
    expect(out).toMatch(/vae +ok/);
    expect(out).toMatch(/image_encoder +WRONG/);
    expect(out).toMatch(/missing: conv_in\.weight \[/);
    expect(out).toMatch(/not in the config: conv_inn\.weight/);
    expect(out).toMatch(/wrong: conv_out\.bias is \[4, 1\], should be \[4\]/);
    expect(out).toMatch(/not finite: conv_in\.bias, 1 of/);
    expect(out).toMatch(/no weights; looked for model\.safetensors/);
  });

  it('keeps a long list short', async () => {
    const folder = modelCopy();
    damage(join(folder, unetFile), (header) => {
      const [first] = Object.entries(header);
      for (const name of Object.keys(header)) delete header[name];
      if (first !== undefined) header[first[0]] = { ...first[1] };
    });
    // The format itself forbids bytes that no tensor owns.
    const { exitCode, out } = await kinoraModel('check', folder);
    expect(exitCode).toBe(1);
    expect(out.split('\n').length).toBeLessThan(60);
  });

  it('says what is wrong with a folder that is no model, and with its usage', async () => {
    expect(await kinoraModel('check', tempFolder())).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('model_index'),
    });
    expect((await kinoraModel('check', 'a', 'b')).exitCode).toBe(2);
    expect((await kinoraModel('check', '--fast')).exitCode).toBe(2);
    expect((await kinoraModel('info', '--full')).exitCode).toBe(2);
    expect((await kinoraModel('check', '--help')).out).toContain('--full');
    expect((await kinoraModel('info', '--help')).out).toContain('MODEL_DIR');
  });
});

describe('kinora model info', () => {
  it('says of the demo model, which it takes by itself, what it is', async () => {
    const { exitCode, out } = await kinoraModel('info');
    expect(exitCode).toBe(0);
    expect(out).toContain(
      'A toy-sized model that knows camera moves, there to show the machine running; the real one is SVD XT.',
    );
  });

  it('counts parameters, tells types and sizes, and what a clip costs in each mode', async () => {
    const { out } = await kinoraModel('info', goldenPath('models/tiny-a'));
    expect(out).toMatch(/network +parameters +tensors +dtype +size/);
    expect(out).toMatch(/unet +\d+\.\d\d M +\d+ +F16 +[\d.]+ MB/);
    expect(out).toMatch(/it takes +sides from \d+ to \d+ in steps of \d+, up to \d+ frames/);
    for (const mode of ['resident', 'model-offload', 'sequential-offload']) {
      expect(out).toMatch(new RegExp(`${mode}( +[\\d.]+ [kMG]B){6}`));
    }
    expect(out).not.toContain('Pulled from');
  });

  it('tells where a pulled model came from', async () => {
    const folder = modelCopy();
    const digest = { kind: 'sha256', hex: 'a'.repeat(64) };
    const record = {
      version: 1,
      licences: { 'maker/svd': { name: 'fake-community', link: 'x', acceptedAt: '2025-01-01' } },
      files: { 'unet/config.json': { repo: 'maker/svd', commit: '0123456789abcdef', sizeBytes: 1, digest } },
    };
    writeFileSync(join(folder, 'kinora-pull.json'), JSON.stringify(record));
    const { out } = await kinoraModel('info', folder);
    expect(out).toMatch(/Pulled from:\n {2}maker\/svd {2}commit 0123456789ab {2}fake-community/);
  });
});
