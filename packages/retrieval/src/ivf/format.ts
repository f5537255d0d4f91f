/**
 * The file of an index: container kind "IVFINDEX", version 1.
 *
 * META u32 n · d · metric (0 l2, 1 ip, 2 cosine) · kind (0 flat, 1 ivf) · quantizer (0 none, 1 saq, else as in list-codec.ts) · nlist · 1 where
 *      vectors are kept, else 0
 * CENT f32 nlist × d                SIZE u32 nlist, vectors of each list
 * IDS  u32 n, list after list        CODE blocks of 32 vectors, list after list, ⌈size/32⌉ each
 * SAQM the SAQ model, or QNTZ that of another quantizer      VECS f32 n × d by id, if vectors are kept
 * SECM u32 quantizer of the secondary codes, then its model  SECC their blocks of 32 vectors by id; both or neither
 */
import { ByteWriter, containerPieces, littleEndianBytes, METRICS, type Section } from '@sagitta/core-wasm';
import type { IvfIndex } from './ivf-index.ts';
import { INDEX_QUANTIZERS, type IndexQuantizer } from './list-codec.ts';

export const INDEX_KIND = 'IVFINDEX';
export const INDEX_VERSION = 1;
/** By the number that files hold. */
export const INDEX_KINDS: readonly IvfIndex['kind'][] = ['flat', 'ivf'];
/** The section of the quantizer's model; undefined without a quantizer. */
export function modelSection(quantizer: IndexQuantizer): 'SAQM' | 'QNTZ' | undefined {
  if (quantizer === 'none') return undefined;
  return quantizer === 'saq' ? 'SAQM' : 'QNTZ';
}

/**
 * The bytes of the index's file in pieces, to be written in order. Pieces are views of the core's memory: they are good
 * until the core next allocates or the index changes. The same index gives the same bytes.
 */
export function indexPieces(index: IvfIndex): Uint8Array[] {
  if (!index.isLive) throw new RangeError('"index" expected a live index, got a disposed one');
  const meta = new ByteWriter();
  meta.u32(index.n).u32(index.d).u32(METRICS.indexOf(index.metric));
  meta.u32(INDEX_KINDS.indexOf(index.kind)).u32(INDEX_QUANTIZERS.indexOf(index.quantizer));
  meta.u32(index.nlist).u32(index.keepsVectors ? 1 : 0);
  const sections: Section[] = [
    { id: 'META', pieces: [meta.finish()] },
    { id: 'CENT', pieces: [littleEndianBytes(index.centroids)] },
    { id: 'SIZE', pieces: [littleEndianBytes(index.lists.sizes())] },
    { id: 'IDS', pieces: [...index.lists.idPieces()] },
    { id: 'CODE', pieces: [...index.lists.codePieces()] },
  ];
  const model = modelSection(index.quantizer);
  if (model) sections.push({ id: model, pieces: [index.codec.modelBytes()] });
  if (index.keepsVectors) {
    sections.push({ id: 'VECS', pieces: index.keptVectors.map((piece) => littleEndianBytes(piece)) });
  }
  if (index.secondary) {
    const number = new ByteWriter().u32(INDEX_QUANTIZERS.indexOf(index.secondary.quantizer)).finish();
    sections.push({ id: 'SECM', pieces: [number, index.secondary.codec.modelBytes()] });
    sections.push({ id: 'SECC', pieces: [...index.secondary.codePieces()] });
  }
  return containerPieces({ kind: INDEX_KIND, version: INDEX_VERSION, sections });
}

/** The index's file as one array. */
export function saveIndex(index: IvfIndex): Uint8Array<ArrayBuffer> {
  const pieces = indexPieces(index);
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
