/** What a made-up shared library says of itself. */
export interface FakeElfOptions {
  /** e_machine; 62 is x86-64. */
  machine?: number;
  soname?: string;
  needed?: readonly string[];
  runpath?: string;
  /** Loaded address minus place in the file, as linkers leave between segments. */
  addressShift?: number;
}

const tags = { needed: 1, stringTable: 5, symbolTable: 6, stringTableBytes: 10, soname: 14, runpath: 29 };

/** The bytes of a 64-bit shared object with a header, two segments, a dynamic section and nothing to run; glibc's loader takes it. */
export function fakeElf(options: FakeElfOptions = {}): Buffer {
  const { machine = 62, soname, needed = [], runpath, addressShift = 0x1000 } = options;
  let strings = '\0';
  const add = (text: string) => {
    const offset = strings.length;
    strings += `${text}\0`;
    return offset;
  };
  const entries = needed.map((name) => [tags.needed, add(name)] as const);
  if (soname !== undefined) entries.push([tags.soname, add(soname)]);
  if (runpath !== undefined) entries.push([tags.runpath, add(runpath)]);

  const dynamicOffset = 64 + 2 * 56;
  const stringsOffset = dynamicOffset + (entries.length + 4) * 16;
  const bytes = Buffer.alloc(stringsOffset + strings.length);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(bytes);
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeUInt32LE(1, 20); // e_version
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(64, 52); // e_ehsize
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  writeSegment(bytes, 64, { type: 1, offset: 0, address: addressShift, size: bytes.length });
  const dynamicBytes = stringsOffset - dynamicOffset;
  writeSegment(bytes, 64 + 56, {
    type: 2,
    offset: dynamicOffset,
    address: addressShift + dynamicOffset,
    size: dynamicBytes,
  });
  const table = [
    ...entries,
    [tags.stringTable, stringsOffset + addressShift],
    [tags.symbolTable, stringsOffset + addressShift],
    [tags.stringTableBytes, strings.length],
    [0, 0],
  ] as const;
  for (const [index, [tag, value]] of table.entries()) {
    bytes.writeBigUInt64LE(BigInt(tag), dynamicOffset + index * 16);
    bytes.writeBigUInt64LE(BigInt(value), dynamicOffset + index * 16 + 8);
  }
  bytes.write(strings, stringsOffset, 'latin1');
  return bytes;
}

function writeSegment(
  bytes: Buffer,
  at: number,
  segment: { type: number; offset: number; address: number; size: number },
): void {
  bytes.writeUInt32LE(segment.type, at);
  bytes.writeUInt32LE(6, at + 4); // readable, writable
  bytes.writeBigUInt64LE(BigInt(segment.offset), at + 8);
  bytes.writeBigUInt64LE(BigInt(segment.address), at + 16);
  bytes.writeBigUInt64LE(BigInt(segment.size), at + 32);
  bytes.writeBigUInt64LE(BigInt(segment.size), at + 40);
  bytes.writeBigUInt64LE(0x1000n, at + 48);
}
