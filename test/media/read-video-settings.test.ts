import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import { finishClip } from '../../src/media/finish-clip.ts';
import { readVideoSettings } from '../../src/media/read-video-settings.ts';
import { type ClipFormat, clipFormats } from '../../src/settings/clip-form.ts';
import { ffprobe } from '../support/ffprobe.ts';
import { panningClip } from './clips.ts';

const metadata = {
  title: 'Kinora <"&> ☃',
  settings: {
    seed: 4_294_967_295,
    noise: 0.02,
    looped: true,
    note: 'x\n"quoted" <b>&amp;</b> \\ 🎬\u007f',
    long: 'é'.repeat(400),
  },
};
const files = new Map<ClipFormat, Uint8Array>();

beforeAll(async () => {
  const ffmpegPath = await findFfmpeg({});
  for (const format of clipFormats) {
    const options = { ffmpegPath, fps: 7, metadata, format, loop: 'none' } as const;
    files.set(format, (await finishClip(panningClip(32, 32, { count: 2 }), options)).bytes);
  }
});

describe.each(clipFormats)('%s', (format) => {
  it('gives back what was written', () => {
    expect(readVideoSettings(files.get(format)!)).toEqual(metadata.settings);
  });

  it('gives something or nothing for every cut and every changed byte, and never throws', () => {
    const file = files.get(format)!;
    for (let length = 0; length < file.length; length += 7) {
      readVideoSettings(file.subarray(0, length));
    }
    const mutant = Buffer.from(file);
    for (const [position, original] of file.entries()) {
      for (const value of [1, 0xff]) {
        mutant[position] = value;
        readVideoSettings(mutant);
      }
      mutant[position] = original;
    }
    expect(readVideoSettings(mutant)).toEqual(metadata.settings);
  });
});

/** The boxes of an MP4's first level. */
function boxesOf(mp4: Buffer): Buffer[] {
  const boxes: Buffer[] = [];
  for (let at = 0; at < mp4.length; at += boxes.at(-1)!.length) boxes.push(mp4.subarray(at, at + mp4.readUInt32BE(at)));
  return boxes;
}

/** A name, its length before or after it, and a megabyte and more of nothing. */
function filler(format: 'mp4' | 'webp'): Buffer {
  const bytes = Buffer.alloc(1_500_008);
  if (format === 'webp') bytes.write('JUNK', 0, 'latin1');
  else bytes.write('mdat', 4, 'latin1');
  if (format === 'webp') bytes.writeUInt32LE(bytes.length - 8, 4);
  else bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
}

describe('of a long file the ends are enough', () => {
  const part = 65_536;
  const endsOf = (file: Uint8Array) => ({
    head: file.subarray(0, part),
    tail: file.subarray(-part),
    size: file.length,
  });
  const longFiles: readonly [string, () => Buffer, 'head' | 'tail'][] = [
    ['an MP4 that begins with its settings', () => Buffer.concat([files.get('mp4')!, filler('mp4')]), 'head'],
    [
      'an MP4 that ends with them',
      () => {
        const boxes = boxesOf(Buffer.from(files.get('mp4')!));
        const isMoov = (box: Buffer) => box.toString('latin1', 4, 8) === 'moov';
        return Buffer.concat([...boxes.filter((box) => !isMoov(box)), filler('mp4'), ...boxes.filter(isMoov)]);
      },
      'tail',
    ],
    ['a GIF', () => Buffer.concat([files.get('gif')!, Buffer.alloc(1_500_000)]), 'head'],
    [
      'a WebP',
      () => {
        const webp = Buffer.from(files.get('webp')!);
        const at = webp.indexOf('XMP ', 12, 'latin1');
        return Buffer.concat([webp.subarray(0, at), filler('webp'), webp.subarray(at)]);
      },
      'tail',
    ],
  ];

  it.each(longFiles)('%s', (_, make, where) => {
    const file = make();
    expect(readVideoSettings(file)).toEqual(metadata.settings);
    expect(readVideoSettings(endsOf(file))).toEqual(metadata.settings);
    const headAlone = readVideoSettings({ ...endsOf(file), tail: Buffer.of() });
    expect(headAlone).toEqual(where === 'head' ? metadata.settings : undefined);
    // Nobody said how long it is.
    const endless = readVideoSettings({
      head: file.subarray(0, part),
      tail: Buffer.of(),
      size: Number.POSITIVE_INFINITY,
    });
    expect(endless).toEqual(headAlone);
  });

  it.each(longFiles)('%s, damaged in whatever way, gives something or nothing', (_, make) => {
    const file = make();
    const mutant = Buffer.from(file);
    const places = [...Array(2_000).keys()].flatMap((at) => [at, file.length - 1 - at]);
    for (const at of places) {
      // Few and many by turns; of the file itself, each byte has been both.
      mutant[at] = at % 2 === 0 ? 1 : 0xff;
      readVideoSettings(endsOf(mutant));
      mutant[at] = file[at]!;
    }
    expect(readVideoSettings(endsOf(mutant))).toEqual(metadata.settings);
  });

  it('and ends that do not belong together give nothing', () => {
    const [, makeMp4] = longFiles[1]!;
    const [, makeWebp] = longFiles[3]!;
    for (const file of [makeMp4(), makeWebp()]) {
      const { head, tail, size } = endsOf(file);
      expect(readVideoSettings({ head, tail: tail.subarray(0, -1), size })).toBeUndefined();
      expect(readVideoSettings({ head: head.subarray(0, 10), tail, size })).toBeUndefined();
      expect(readVideoSettings({ head: Buffer.of(), tail, size })).toBeUndefined();
    }
  });
});

describe('files of others', () => {
  it('have no settings', async () => {
    const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
    for (const format of ['gif', 'webp', 'png'] as const) {
      expect(readVideoSettings(await picture.clone().toFormat(format).toBuffer())).toBeUndefined();
    }
    expect(readVideoSettings(new Uint8Array(0))).toBeUndefined();
    expect(readVideoSettings(Buffer.from('{"kinora":1,"seed":7}'))).toBeUndefined();
  });

  it('with a comment of their own have none either', () => {
    expect(readVideoSettings(gifWith('made with love'))).toBeUndefined();
    expect(readVideoSettings(gifWith('{"kinora":1,"seed":'))).toBeUndefined();
    expect(readVideoSettings(gifWith('{"kinora":1,"seed":7}'))).toEqual({ seed: 7 });
  });

  it('cannot smuggle in more than plain values', () => {
    const settings = readVideoSettings(gifWith('{"kinora":1,"seed":7,"a":{"b":1},"c":[1],"d":null,"__proto__":5}'));
    expect(Object.keys(settings ?? {}).sort()).toEqual(['__proto__', 'seed']);
    expect(Object.getPrototypeOf(settings)).toBe(Object.prototype);
    const crowd = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}`, index]));
    expect(readVideoSettings(gifWith(JSON.stringify({ kinora: 1, ...crowd })))).toBeUndefined();
  });

  it('may claim any length', () => {
    const mp4 = Buffer.from('\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff', 'latin1');
    expect(readVideoSettings(mp4)).toBeUndefined();
    const endless = Buffer.alloc(80_000);
    endless.write('\0\0\0\x08ftyp', 0, 'latin1');
    for (let position = 8; position < endless.length; position += 8) {
      endless.write('\0\0\0\x08free', position, 'latin1');
    }
    expect(readVideoSettings(endless)).toBeUndefined();
    const webp = Buffer.from('RIFF\xff\xff\xff\xffWEBPXMP \xff\xff\xff\xff<dc:description>', 'latin1');
    expect(readVideoSettings(webp)).toBeUndefined();
  });
});

it('other programs read the same comment', async () => {
  const { tags } = await ffprobe(files.get('mp4')!);
  expect(JSON.parse(tags.comment!)).toEqual({ kinora: 1, ...metadata.settings });
  const { xmp } = await sharp(files.get('webp')!).metadata();
  expect(xmp?.toString()).toContain('<dc:title>');
});

/** A GIF without a picture but with a comment. */
function gifWith(comment: string): Uint8Array {
  const blocks = comment.match(/.{1,255}/gs)!.map((part) => String.fromCharCode(part.length) + part);
  return Buffer.from(`GIF89a\x01\0\x01\0\0\0\0!\xfe${blocks.join('')}\0;`, 'latin1');
}
