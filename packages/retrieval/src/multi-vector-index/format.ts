/**
 * The file of a MultiVectorIndex: container kind "MULTIVEC", version 2; where FDEs are in an index 3. Of deleted documents
 * there is nothing in it, but rows of such an index.
 *
 * META u32 n · d · metric (0 ip, 1 cosine) · FDE length · 1 where there are finer FDEs · 1 where there are finer tokens ·
 *      0 (in older files lists of slots, whose sections LCEN and LIST are passed over) · f64 compactAt · string, the encoder's parameter hash
 * FDEN the encoder
 * FDEP, FDEC parameters and codes of the FDE store        FD2P, FD2C those of the finer one
 * XMET, XCEN … instead of FDEP and FDEC, where FDEs are in lists or a graph: the sections META, CENT … of an index of rows
 *      (ivf/format.ts), one row a document and slot, dead ones with them; XLIV u32[⌈slots/32⌉] bit set of those that are not dead, where
 *      there are any
 * TOKP, TOKC parameters and codes of the token store      TK2P, TK2C those of the finer one
 * RIDS, RMDA, RIDX records (records/format.ts); in version 1 IDS, MDAT (records/format-1.ts)
 */
import { ByteWriter, Snapshot, type SnapshotParts, type SnapshotPiece } from '@sagitta/core-wasm';
import { TOKEN_METRICS } from '../maxsim/index.ts';
import { writeFdeEncoder } from '../muvera/index.ts';
import { recordSections } from '../records/format.ts';
import { FdeIndex } from './fde-index.ts';
import type { MultiVectorIndex } from './multi-vector-index.ts';

export const MULTI_VECTOR_KIND = 'MULTIVEC';
export const MULTI_VECTOR_VERSION = 2;
/** Of files whose FDEs are in an index. */
export const INDEXED_VERSION = 3;

type SnapshotSection = SnapshotParts['sections'][number];

/** A store as two sections, parameters and codes of the slots that are kept. */
interface SavedStore {
  parameters(keep: Uint32Array): Uint8Array;
  codePieces(keep: Uint32Array): readonly SnapshotPiece[];
}

/**
 * The file of the index as it is now, without its dead slots, to be written while the index is searched, changed,
 * compacted or disposed of. The index is left as it is. Nothing is copied until something changes, and then only that;
 * dispose the snapshot when it is written, in a `finally`. The same documents in the same order give the same bytes.
 * @throws RangeError if the index is disposed
 */
export function snapshotMultiVectorIndex<M>(index: MultiVectorIndex<M>): Snapshot {
  if (!index.isLive) throw new RangeError('"index" expected a live index, got a disposed one');
  const { stores, encoder, records } = index;
  const { fdes, finerFdes, tokens, finerTokens } = stores;
  const keep = records.liveSlots();
  const meta = new ByteWriter();
  meta.u32(keep.length).u32(index.d).u32(TOKEN_METRICS.indexOf(index.metric)).u32(encoder.length);
  meta
    .u32(finerFdes ? 1 : 0)
    .u32(finerTokens ? 1 : 0)
    .u32(0);
  meta.f64(index.compactAt).string(encoder.parameterHash);
  const store = (name: string, one: SavedStore | undefined): SnapshotSection[] =>
    one
      ? [
          { id: `${name}P`, pieces: [one.parameters(keep)] },
          { id: `${name}C`, pieces: one.codePieces(keep) },
        ]
      : [];
  const sections: SnapshotSection[] = [
    { id: 'META', pieces: [meta.finish()] },
    { id: 'FDEN', pieces: [writeFdeEncoder(encoder)] },
    ...(fdes instanceof FdeIndex ? fdes.sections(keep) : store('FDE', fdes)),
    ...store('FD2', finerFdes),
    ...store('TOK', tokens),
    ...store('TK2', finerTokens),
  ];
  sections.push(...recordSections(records, keep));
  const version = fdes instanceof FdeIndex ? INDEXED_VERSION : MULTI_VECTOR_VERSION;
  return new Snapshot({ kind: MULTI_VECTOR_KIND, version, sections });
}

/**
 * The index's file as copies in pieces, to be written in order. snapshotMultiVectorIndex needs no memory for copies.
 * @throws RangeError if the index is disposed
 */
export function multiVectorPieces<M>(index: MultiVectorIndex<M>): Uint8Array[] {
  using snapshot = snapshotMultiVectorIndex(index);
  return [...snapshot.chunks()];
}

/** Gives the index's file as one array. @throws RangeError if the index is disposed */
export function saveMultiVectorIndex<M>(index: MultiVectorIndex<M>): Uint8Array<ArrayBuffer> {
  using snapshot = snapshotMultiVectorIndex(index);
  return snapshot.bytes();
}
