import { type Dtype, dtypeBytes, isDtype, maxRank, maxTensorCount } from './format.ts';
import { JsonCursor, safetensorsError } from './json-cursor.ts';

/** One tensor as the header states it; `begin` and `end` count from the start of the data, in bytes. */
interface HeaderTensor {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  begin: number;
  end: number;
}

interface Header {
  metadata: ReadonlyMap<string, string>;
  tensors: readonly HeaderTensor[];
}

/**
 * Reads a header's JSON and checks it against the number of data bytes that follow it: the tensors must fill them without
 * gap or overlap.
 * @throws SafetensorsError
 */
export function parseHeader(text: string, path: string, dataBytes: number): Header {
  const cursor = new JsonCursor(text, path);
  if (!text.startsWith('{')) cursor.fail('bad-json', 'the header does not start with "{".');
  const metadata = new Map<string, string>();
  const tensors: HeaderTensor[] = [];
  cursor.readObject((key) => {
    if (key === '__metadata__') {
      cursor.readObject((name) => metadata.set(name, cursor.readText()));
      return;
    }
    if (tensors.length === maxTensorCount) {
      cursor.fail('too-many-tensors', `the header lists more than ${maxTensorCount} tensors.`);
    }
    cursor.place.tensor = key;
    tensors.push(parseTensor(cursor, key));
    delete cursor.place.tensor;
  });
  cursor.expectEnd();
  checkLayout(tensors, path, dataBytes);
  return { metadata, tensors };
}

function parseTensor(cursor: JsonCursor, name: string): HeaderTensor {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  cursor.readObject((key) => {
    if (key === 'dtype') dtype = cursor.readString();
    else if (key === 'shape') shape = readIntegers(cursor, 'a dimension', maxRank);
    else if (key === 'data_offsets') offsets = readIntegers(cursor, 'a data offset', 2);
    else cursor.fail('unknown-field', `the field ${JSON.stringify(key)} is not of the format.`);
  });
  if (dtype === undefined || shape === undefined || offsets === undefined) {
    return cursor.fail('missing-field', 'dtype, shape and data_offsets are needed.');
  }
  if (!isDtype(dtype)) return cursor.fail('bad-dtype', `the dtype ${JSON.stringify(dtype)} is not supported.`);
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined) return cursor.fail('bad-offsets', 'data_offsets needs two numbers.');
  if (begin > end) return cursor.fail('bad-offsets', `its data ends (${end}) before it begins (${begin}).`);
  const sizeBytes = tensorBytes(cursor, dtype, shape);
  if (sizeBytes !== end - begin) {
    return cursor.fail(
      'wrong-size',
      `${dtype} [${shape.join(', ')}] needs ${sizeBytes} bytes, its data has ${end - begin}.`,
    );
  }
  return { name, dtype, shape, begin, end };
}

function readIntegers(cursor: JsonCursor, what: string, limit: number): number[] {
  const values: number[] = [];
  cursor.readArray(() => {
    if (values.length === limit) cursor.fail('bad-rank', `${what} stands beyond the ${limit} that are allowed.`);
    values.push(cursor.readInteger(what));
  });
  return values;
}

/** Bytes of a tensor; a product past 2^53 is refused even where a later dimension is 0, as the reference does. */
function tensorBytes(cursor: JsonCursor, dtype: Dtype, shape: readonly number[]): number {
  let size: number = dtypeBytes[dtype];
  for (const dimension of shape) {
    size *= dimension;
    if (!Number.isSafeInteger(size)) cursor.fail('overflow', `the shape [${shape.join(', ')}] holds too many values.`);
  }
  return size;
}

function checkLayout(tensors: readonly HeaderTensor[], path: string, dataBytes: number): void {
  const ordered = [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let filled = 0;
  for (const { name: tensor, begin, end } of ordered) {
    const place = { path, tensor };
    if (begin < filled) {
      throw safetensorsError(
        'overlap',
        place,
        `its data begins at ${begin}, inside the tensor before it (to ${filled}).`,
      );
    }
    if (begin > filled) {
      throw safetensorsError(
        'gap',
        place,
        `its data begins at ${begin}; the bytes from ${filled} belong to no tensor.`,
      );
    }
    if (end > dataBytes) {
      throw safetensorsError('truncated', place, `its data ends at ${end}, the file has ${dataBytes} bytes of data.`);
    }
    filled = end;
  }
  if (filled !== dataBytes) {
    throw safetensorsError(
      'trailing-bytes',
      { path },
      `${dataBytes - filled} bytes after the last tensor belong to none.`,
    );
  }
}
