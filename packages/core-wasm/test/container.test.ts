import { describe, expect, it } from 'vitest';
import {
  type Container,
  containerPieces,
  crc32,
  FormatError,
  RandomStream,
  readContainer,
  writeContainer,
} from '../src/index.ts';

const HEADER_BYTES = 32;
const ENTRY_BYTES = 24;
const CHECKSUM_AT = 20;

const SECTIONS = [
  { id: 'META', pieces: [Uint8Array.of(1, 2, 3)] },
  { id: 'NONE', pieces: [] },
  { id: 'CODE', pieces: [Uint8Array.from({ length: 130 }, (_, i) => i), Uint8Array.of(9, 9)] },
] as const;
const HEADER_END = HEADER_BYTES + SECTIONS.length * ENTRY_BYTES;

function sample(): Uint8Array<ArrayBuffer> {
  return writeContainer({ kind: 'testkind', version: 3, sections: SECTIONS });
}

/** Everything that a reader can see. */
function contentOf(container: Container): string {
  return JSON.stringify([
    container.kind,
    container.version,
    SECTIONS.map(({ id }) => (container.has(id) ? [...container.section(id)] : null)),
  ]);
}

/** Recomputes the header's checksum, as an attacker would. */
function sealHeader(bytes: Uint8Array<ArrayBuffer>, headerEnd = HEADER_END): Uint8Array {
  const view = new DataView(bytes.buffer);
  view.setUint32(CHECKSUM_AT, 0, true);
  view.setUint32(CHECKSUM_AT, crc32(bytes.subarray(0, headerEnd)), true);
  return bytes;
}

/** FormatError, or content equal to `expected`; anything else fails the test. */
function expectRefusedOrEqual(bytes: Uint8Array, expected: string, what: string): 'refused' | 'equal' {
  let container: Container;
  try {
    container = readContainer(bytes);
  } catch (error) {
    if (error instanceof FormatError && error.offset >= 0) return 'refused';
    throw error;
  }
  if (contentOf(container) !== expected) expect.fail(`${what}: read as different content`);
  return 'equal';
}

describe('a container', () => {
  it('round-trips kind, version and sections, each aligned to 64 bytes and read without a copy', () => {
    const bytes = sample();
    const container = readContainer(bytes);
    expect([container.kind, container.version]).toEqual(['testkind', 3]);
    for (const { id, pieces } of SECTIONS) {
      const section = container.section(id);
      expect([...section]).toEqual(pieces.flatMap((piece) => [...piece]));
      expect(section.buffer).toBe(bytes.buffer);
      expect(section.byteOffset % 64).toBe(0);
    }
    expect(container.reader('CODE').offset).toBe(container.section('CODE').byteOffset);
  });

  it('says which section is missing', () => {
    const container = readContainer(sample());
    expect(container.has('GONE')).toBe(false);
    expect(() => container.section('GONE')).toThrow(FormatError);
    expect(() => container.section('GONE')).toThrow(/GONE/);
  });

  it('is the same in pieces as in one array, and the pieces are not copies', () => {
    const pieces = containerPieces({ kind: 'testkind', version: 3, sections: SECTIONS });
    expect(pieces.flatMap((piece) => [...piece])).toEqual([...sample()]);
    expect(pieces).toContain(SECTIONS[2].pieces[0]);
  });

  it('holds no section, and the most sections', () => {
    expect(readContainer(writeContainer({ kind: 'k', version: 0, sections: [] })).kind).toBe('k');
    const sections = Array.from({ length: 256 }, (_, i) => ({
      id: `S${String(i).padStart(3, '0')}`,
      pieces: [Uint8Array.of(i)],
    }));
    const container = readContainer(writeContainer({ kind: 'many', version: 1, sections }));
    for (const { id, pieces } of sections) expect([...container.section(id)]).toEqual([...pieces[0]]);
  });

  it('is found inside a larger buffer at any offset', () => {
    const bytes = sample();
    const padded = new Uint8Array(bytes.length + 3);
    padded.set(bytes, 3);
    expect(contentOf(readContainer(padded.subarray(3)))).toBe(contentOf(readContainer(bytes)));
  });

  it('refuses to write names, versions and counts that the header cannot hold', () => {
    const write = (kind: string, version: number, ids: readonly string[]) => () =>
      writeContainer({ kind, version, sections: ids.map((id) => ({ id, pieces: [] })) });
    expect(write('', 1, [])).toThrow(RangeError);
    expect(write('ninechars', 1, [])).toThrow(RangeError);
    expect(write('käfer', 1, [])).toThrow(RangeError);
    expect(write('kind', 65_536, [])).toThrow(RangeError);
    expect(write('kind', 1, ['FIVES'])).toThrow(RangeError);
    expect(write('kind', 1, [''])).toThrow(RangeError);
    expect(write('kind', 1, ['SAME', 'SAME'])).toThrow(/once/);
    const tooMany = Array.from({ length: 257 }, (_, i) => `${i}`);
    expect(write('kind', 1, tooMany)).toThrow(RangeError);
  });
});

describe('a hostile container', () => {
  const good = sample();
  const expected = contentOf(readContainer(good));

  it('is refused at every truncation and with bytes after its end', () => {
    for (let length = 0; length < good.length; length++) {
      expect(expectRefusedOrEqual(good.subarray(0, length), expected, `length ${length}`)).toBe('refused');
    }
    const longer = new Uint8Array(good.length + 1);
    longer.set(good);
    expect(() => readContainer(longer)).toThrow(FormatError);
  });

  it('is refused with any one byte changed', () => {
    for (let at = 0; at < good.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const bytes = good.slice();
        bytes[at] ^= flip;
        expect(expectRefusedOrEqual(bytes, expected, `byte ${at} ^ ${flip}`)).toBe('refused');
      }
    }
  });

  it('is refused with any number of the table changed, even under a checksum that fits', () => {
    const numbers = [16, 24, 28]; // section count, both halves of the file length
    for (let entry = HEADER_BYTES; entry < HEADER_END; entry += ENTRY_BYTES) {
      for (const field of [4, 8, 12, 16, 20]) numbers.push(entry + field);
    }
    for (const at of numbers) {
      const original = new DataView(good.buffer).getUint32(at, true);
      for (const value of [0, 1, 63, 64, 255, 256, 257, 0x7fffffff, 0x80000000, 0xffffffff]) {
        if (value === original) continue;
        const bytes = good.slice();
        new DataView(bytes.buffer).setUint32(at, value, true);
        const count = new DataView(bytes.buffer).getUint32(16, true);
        const headerEnd = Math.min(HEADER_BYTES + count * ENTRY_BYTES, bytes.length);
        sealHeader(bytes, headerEnd);
        const outcome = expectRefusedOrEqual(bytes, expected, `number at ${at} = ${value}`);
        expect(outcome, `number at ${at} = ${value}`).toBe('refused');
      }
    }
  });

  it('is refused with a section twice', () => {
    const bytes = good.slice();
    bytes.set(bytes.subarray(HEADER_BYTES, HEADER_BYTES + 4), HEADER_BYTES + ENTRY_BYTES);
    expect(() => readContainer(sealHeader(bytes))).toThrow(/once/);
  });

  it('ends 2,000 random mutations in FormatError or in the same content', () => {
    const random = new RandomStream(20_260, 'hostile');
    let refused = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const bytes = good.slice(
        0,
        random.nextBelow(8) === 0 ? random.nextBelow(good.length + 1) : good.length,
      );
      for (let edits = 1 + random.nextBelow(6); edits > 0 && bytes.length > 0; edits--) {
        bytes[random.nextBelow(bytes.length)] = random.nextBelow(256);
      }
      if (expectRefusedOrEqual(bytes, expected, `trial ${trial}`) === 'refused') refused++;
    }
    expect(refused).toBeGreaterThan(1900);
  });

  it('keeps every section inside the file, whatever a sealed table says', () => {
    const random = new RandomStream(20_261, 'hostile');
    for (let trial = 0; trial < 2000; trial++) {
      const bytes = good.slice();
      for (let edits = 1 + random.nextBelow(4); edits > 0; edits--) {
        bytes[HEADER_BYTES + random.nextBelow(HEADER_END - HEADER_BYTES)] = random.nextBelow(256);
      }
      try {
        const container = readContainer(sealHeader(bytes));
        // only ids can differ here: offsets, lengths and checksums are fixed by the content
        expect([container.kind, container.version]).toEqual(['testkind', 3]);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }
  });

  it('are not written to, not even where they are a Node Buffer, whose slice is a view', () => {
    const buffer = Buffer.from(good);
    readContainer(buffer);
    expect(Buffer.compare(buffer, good)).toBe(0);
  });
});
