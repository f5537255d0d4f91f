/**
 * The file of a MultiVectorIndex: container kind "MULTIVEC", version 1. Deleted documents are not in it.
 *
 * META u32 n · d · metric (0 ip, 1 cosine) · FDE length · 1 where there are finer FDEs · 1 where there are finer tokens ·
 *      nlist (0: no lists) · f64 compactAt · string, the encoder's parameter hash
 * FDEN the encoder
 * FDEP, FDEC parameters and codes of the FDE store        FD2P, FD2C those of the finer one
 * TOKP, TOKC parameters and codes of the token store      TK2P, TK2C those of the finer one
 * LCEN f32 nlist × length, centroids                      LIST u32 n, the list of each document
 * IDS, MDAT ids and metadata (table-format.ts)
 */
import { ByteWriter, containerPieces, littleEndianBytes, type Section } from '@sagitta/core-wasm';
import { TOKEN_METRICS } from '../maxsim/index.ts';
import { writeFdeEncoder } from '../muvera/index.ts';
import type { MultiVectorIndex } from './multi-vector-index.ts';
import { idPieces, metadataPieces } from './table-format.ts';

export const MULTI_VECTOR_KIND = 'MULTIVEC';
export const MULTI_VECTOR_VERSION = 1;

/** A store as two sections, parameters and codes. */
interface SavedStore {
  parameters(): Uint8Array;
  codePieces(): Uint8Array[];
}

/**
 * The bytes of the index's file in pieces, to be written in order. The index compacts itself first. Pieces are views of
 * the core's memory: good until the core next allocates or the index changes. The same index gives the same bytes.
 */
export function multiVectorPieces(index: MultiVectorIndex): Uint8Array[] {
  index.compact();
  const { stores, encoder, table } = index;
  const { fdes, finerFdes, tokens, finerTokens, lists } = stores;
  const meta = new ByteWriter();
  meta.u32(table.slots).u32(index.d).u32(TOKEN_METRICS.indexOf(index.metric)).u32(encoder.length);
  meta
    .u32(finerFdes ? 1 : 0)
    .u32(finerTokens ? 1 : 0)
    .u32(lists?.nlist ?? 0);
  meta.f64(index.compactAt).string(encoder.parameterHash);
  const store = (name: string, one: SavedStore | undefined): Section[] =>
    one
      ? [
          { id: `${name}P`, pieces: [one.parameters()] },
          { id: `${name}C`, pieces: one.codePieces() },
        ]
      : [];
  const sections: Section[] = [
    { id: 'META', pieces: [meta.finish()] },
    { id: 'FDEN', pieces: [writeFdeEncoder(encoder)] },
    ...store('FDE', fdes),
    ...store('FD2', finerFdes),
    ...store('TOK', tokens),
    ...store('TK2', finerTokens),
  ];
  if (lists) {
    sections.push(
      { id: 'LCEN', pieces: [littleEndianBytes(lists.centroids)] },
      { id: 'LIST', pieces: [littleEndianBytes(lists.assignments())] },
    );
  }
  sections.push({ id: 'IDS', pieces: idPieces(table) }, { id: 'MDAT', pieces: metadataPieces(table) });
  return containerPieces({ kind: MULTI_VECTOR_KIND, version: MULTI_VECTOR_VERSION, sections });
}

/** The index's file as one array. */
export function saveMultiVectorIndex(index: MultiVectorIndex): Uint8Array<ArrayBuffer> {
  const pieces = multiVectorPieces(index);
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
