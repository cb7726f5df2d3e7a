import { crc32, deflateSync } from 'node:zlib';

/** Width and height in pixels; as large as Discord's client shows avatars in a profile, and enough for a clip. */
const size = 256;

type Colour = readonly [red: number, green: number, blue: number];

/** What is behind a person, and what they wear. */
const grounds: readonly Colour[] = [
  [59, 91, 169],
  [138, 79, 191],
  [176, 68, 127],
  [163, 71, 42],
  [47, 125, 79],
  [29, 122, 140],
];
const skins: readonly Colour[] = [
  [250, 214, 183],
  [224, 172, 125],
  [172, 115, 74],
  [112, 72, 46],
];
const hairs: readonly Colour[] = [
  [44, 30, 24],
  [122, 72, 36],
  [214, 166, 84],
  [90, 90, 98],
  [150, 54, 38],
];
const white: Colour = [245, 246, 250];
const dark: Colour = [36, 30, 34];

/** An ellipse, in parts of the picture's width. */
interface Shape {
  x: number;
  y: number;
  width: number;
  height: number;
  colour: Colour;
  /** Only above, or only below, this height. */
  above?: number;
  below?: number;
}

const drawn = new Map<string, Uint8Array>();

/** A portrait as a PNG: the same for the same name, so that everybody is recognised after a restart. */
export function avatarFor(name: string): Uint8Array {
  const avatar = drawn.get(name) ?? drawAvatar(name);
  drawn.set(name, avatar);
  return avatar;
}

function drawAvatar(name: string): Uint8Array {
  const shapes = portraitOf(name);
  const [top, bottom] = [chosen(grounds, name, 1), dark];
  const rows = Buffer.alloc(size * (size * 3 + 1));
  let at = 0;
  for (let row = 0; row < size; row += 1) {
    // Each row begins with its filter: 0, none.
    at += 1;
    for (let column = 0; column < size; column += 1) {
      const [x, y] = [(column + 0.5) / size, (row + 0.5) / size];
      let colour = mix(top, bottom, y * 0.5);
      for (const shape of shapes) {
        const part = coverage(shape, x, y);
        if (part > 0) colour = mix(colour, shape.colour, part);
      }
      for (const value of colour) rows[at++] = Math.round(value);
    }
  }
  return encodePng(rows);
}

/** From back to front. */
function portraitOf(name: string): Shape[] {
  const skin = chosen(skins, name, 7);
  const hair = chosen(hairs, name, 3);
  const clothes = chosen(grounds, `${name}!`, 5);
  const hasLongHair = sumOf(name, 11) % 2 === 0;
  const eye = { y: 0.46, width: 0.055, height: 0.07, colour: dark };
  return [
    ...(hasLongHair ? [{ x: 0.5, y: 0.52, width: 0.56, height: 0.66, colour: hair }] : []),
    { x: 0.5, y: 1.08, width: 0.86, height: 0.68, colour: clothes },
    { x: 0.5, y: 0.72, width: 0.18, height: 0.24, colour: skin },
    { x: 0.5, y: 0.3, width: 0.52, height: 0.46, colour: hair },
    { x: 0.5, y: 0.47, width: 0.44, height: 0.54, colour: skin },
    { x: 0.5, y: 0.3, width: 0.46, height: 0.34, colour: hair, above: 0.33 },
    { ...eye, x: 0.41 },
    { ...eye, x: 0.59 },
    { x: 0.5, y: 0.59, width: 0.2, height: 0.14, colour: white, below: 0.59 },
  ];
}

/** How much of a pixel a shape covers, 0 to 1; its edge is a pixel or so wide. */
function coverage({ x, y, width, height, above = 1, below = 0 }: Shape, atX: number, atY: number): number {
  const [across, up] = [(atX - x) / (width / 2), (atY - y) / (height / 2)];
  const distance = Math.sqrt(across * across + up * up) - 1;
  const inside = clamp(0.5 - distance * (Math.min(width, height) / 2) * size);
  return inside * clamp(0.5 + (above - atY) * size) * clamp(0.5 + (atY - below) * size);
}

function clamp(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}

function mix([r, g, b]: Colour, [red, green, blue]: Colour, part: number): Colour {
  return [r + (red - r) * part, g + (green - g) * part, b + (blue - b) * part];
}

/** One of a list, by the letters of a name; another `factor` chooses otherwise. */
function chosen<T>(list: readonly T[], name: string, factor: number): T {
  return list[sumOf(name, factor) % list.length] as T;
}

function sumOf(name: string, factor: number): number {
  return [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)! * factor) % 65_521, factor);
}

/** PNG, 8 bits a channel, RGB: https://www.w3.org/TR/png-3/#5DataRep. */
function encodePng(rows: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.byteLength);
  checksum.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, checksum]);
}
