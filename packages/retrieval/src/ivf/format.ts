/**
 * The file of an index: container kind "IVFINDEX", version 1; with records behind them version 2.
 *
 * META u32 n · d · metric (0 l2, 1 ip, 2 cosine) · kind (0 flat, 1 ivf, 2 graph) · quantizer (QUANTIZER_NAMES) · nlist · 1 where
 *      vectors are kept, else 0
 * CENT f32 nlist × d                SIZE u32 nlist, vectors of each list
 * IDS  u32 n, list after list        CODE blocks of 32 vectors, list after list, ⌈size/32⌉ each
 * SAQM the SAQ model, or QNTZ that of another quantizer      VECS f32 n × d by id, if vectors are kept
 * A graph has no IDS and no CODE; behind its model stand the sections of graph/format.ts.
 * SECM u32 quantizer of the secondary codes, then its model  SECC their blocks of 32 vectors by id; both or neither
 */

import { ByteWriter, littleEndianBytes, METRICS, type Section, Snapshot } from '@sagitta/core-wasm';
import { QUANTIZER_NAMES, type QuantizerName } from '@sagitta/quantizers';
import type { SavedSection } from '../columns/slot-index.ts';
import type { IvfIndex } from './ivf-index.ts';

export const INDEX_KIND = 'IVFINDEX';
export const INDEX_VERSION = 1;
/** Of files with ids, metadata or options behind the rows (vector-index/format.ts). */
export const RECORDS_VERSION = 2;
/** By the number that files hold. */
export const INDEX_KINDS: readonly IvfIndex['kind'][] = ['flat', 'ivf', 'graph'];
/** The section of the quantizer's model; float32 has none. */
export function modelSection(quantizer: QuantizerName): 'SAQM' | 'QNTZ' | undefined {
  if (quantizer === 'float32') return undefined;
  return quantizer === 'saq' ? 'SAQM' : 'QNTZ';
}

/** An index of rows, or a vector index: rows, and what stands behind them. */
export type SavedIndex =
  | IvfIndex
  | { readonly isLive: boolean; readonly rows: IvfIndex; extraSections(): readonly Section[] };

/**
 * The file of the index as it is now, to be written while the index is searched, added to or disposed of. Nothing is
 * copied until something changes, and then only that; dispose the snapshot when it is written, in a `finally`. The same
 * index gives the same bytes.
 * @throws RangeError if the index is disposed
 */
export function snapshotIndex(saved: SavedIndex): Snapshot {
  if (!saved.isLive) throw new RangeError('"index" expected a live index, got a disposed one');
  const index = 'rows' in saved ? saved.rows : saved;
  const extra = 'rows' in saved ? saved.extraSections() : [];
  const version = extra.length > 0 ? RECORDS_VERSION : INDEX_VERSION;
  return new Snapshot({ kind: INDEX_KIND, version, sections: [...rowSections(index), ...extra] });
}

/** The sections of an index of rows, in the order in which they are read. */
export function rowSections(index: IvfIndex): SavedSection[] {
  const meta = new ByteWriter();
  meta.u32(index.n).u32(index.d).u32(METRICS.indexOf(index.metric));
  meta.u32(INDEX_KINDS.indexOf(index.kind)).u32(QUANTIZER_NAMES.indexOf(index.codec.name));
  meta.u32(index.nlist).u32(index.keepsVectors ? 1 : 0);
  const sections: SavedSection[] = [
    { id: 'META', pieces: [meta.finish()] },
    { id: 'CENT', pieces: [littleEndianBytes(index.centroids)] },
  ];
  const model = modelSection(index.codec.name);
  const models = model ? [{ id: model, pieces: [index.codec.modelBytes()] }] : [];
  const { codes } = index;
  // a graph's rows are read by what its model says
  if (codes.kind === 'graph') sections.push(...models, ...codes.sections());
  else sections.push(...codes.sections(), ...models);
  if (index.keepsVectors) {
    sections.push({ id: 'VECS', pieces: index.keptVectors.map((piece) => littleEndianBytes(piece)) });
  }
  if (index.secondary) {
    const number = new ByteWriter().u32(QUANTIZER_NAMES.indexOf(index.secondary.quantizer)).finish();
    sections.push({ id: 'SECM', pieces: [number, index.secondary.codec.modelBytes()] });
    sections.push({ id: 'SECC', pieces: [...index.secondary.codePieces()] });
  }
  return sections;
}

/**
 * The index's file as copies in pieces, to be written in order. snapshotIndex needs no memory for copies.
 * @throws RangeError if the index is disposed
 */
export function indexPieces(index: SavedIndex): Uint8Array[] {
  using snapshot = snapshotIndex(index);
  return [...snapshot.chunks()];
}

/** Gives the index's file as one array. @throws RangeError if the index is disposed */
export function saveIndex(index: SavedIndex): Uint8Array<ArrayBuffer> {
  using snapshot = snapshotIndex(index);
  return snapshot.bytes();
}
