import { ByteReader, FormatError } from '@sagitta/core-wasm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DocumentId } from '../../src/index.ts';
import { idPieces, metadataPieces, readIds, readMetadata } from '../../src/records/format.ts';
import { copyMetadata, type JsonValue } from '../../src/records/metadata.ts';
import { DocumentTable } from '../../src/records/records.ts';

function tableOf(
  ids: readonly DocumentId[],
  metadata: readonly (JsonValue | undefined)[] = [],
): DocumentTable {
  const table = new DocumentTable();
  for (const [i, id] of ids.entries()) table.push({ id, metadata: metadata[i], hasTokens: true });
  return table;
}

it('gives ids and metadata back as they were', () => {
  const id = fc.oneof(fc.maxSafeNat(), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(
      fc.uniqueArray(id, { maxLength: 20 }),
      fc.array(fc.option(fc.jsonValue(), { nil: undefined })),
      (ids, values) => {
        const metadata = ids.map((_, i) => {
          const value = values[i];
          return value === undefined ? undefined : copyMetadata('value', value);
        });
        const table = tableOf(ids, metadata);
        expect(
          readIds(new ByteReader(Buffer.concat(idPieces(table, table.ids.liveSlots()))), ids.length),
        ).toEqual(ids);
        expect(
          readMetadata(
            new ByteReader(Buffer.concat(metadataPieces(table, table.ids.liveSlots()))),
            ids.length,
          ),
        ).toEqual(metadata);
      },
    ),
    { seed: 2, numRuns: 200 },
  );
});

it('refuses ids that are none or come twice, and metadata that are no JSON', () => {
  const bytes = (ids: DocumentId[]): Uint8Array => {
    const table = tableOf(ids);
    return Buffer.concat(idPieces(table, table.ids.liveSlots()));
  };
  const twice = Buffer.concat([bytes([7]), bytes([7])]);
  expect(() => readIds(new ByteReader(twice), 2)).toThrow(/once, got it twice/);
  for (const value of [-1, 1.5, Number.NaN, -0, 2 ** 53]) {
    const changed = bytes([7]);
    new DataView(changed.buffer, changed.byteOffset).setFloat64(1, value, true);
    expect(() => readIds(new ByteReader(changed), 1)).toThrow(FormatError);
  }
  const kind = bytes([7]);
  kind[0] = 2;
  expect(() => readIds(new ByteReader(kind), 1)).toThrow(/kind of an id/);
  expect(() => readIds(new ByteReader(bytes([7, 8])), 1)).toThrow(/expected the end/);
  expect(() => readIds(new ByteReader(bytes([7])), 2)).toThrow(FormatError);
  const text = Buffer.concat(metadataPieces(tableOf([1], [{ a: 1 }]), Uint32Array.of(0)));
  text[5] = 0;
  expect(() => readMetadata(new ByteReader(text), 1)).toThrow(/expected JSON/);
  const long = Buffer.concat(metadataPieces(tableOf([1], [{ a: 1 }]), Uint32Array.of(0)));
  long.writeUInt32LE(0xffffffff, 0);
  expect(() => readMetadata(new ByteReader(long), 1)).toThrow(FormatError);
});
