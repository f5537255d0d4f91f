/**
 * What a file has of a graph. Rows by slot, in multiples of 32 of them:
 *
 * GRPH u32 degree · efConstruction · f64 seed · u32 vectors there were when entries were chosen · vectors added since paths to all were
 *      made sure of · f32 M² (vertex-coordinates.ts) · u32 entries · their slots
 * EDGE u32 n × degree      HEAD what searches read of codes first      TAIL the rest, where there is one
 */
import { type ByteReader, ByteWriter } from '@sagitta/core-wasm';
import type { InvertedLists } from '../columns/inverted-lists.ts';
import type { SavedSection } from '../columns/slot-index.ts';
import type { Adjacency } from './adjacency.ts';
import { type GraphState, MAX_DEGREE, MAX_EF, MAX_ENTRIES, MIN_DEGREE } from './graph-options.ts';
import type { GraphRows } from './graph-rows.ts';

/** A graph as files know it. */
interface SavedGraph {
  readonly adjacency: Adjacency;
  readonly rows: GraphRows;
  readonly state: GraphState;
}

/** The columns of a graph by the sections that hold them, in order. */
export function graphColumns(graph: SavedGraph): [string, InvertedLists][] {
  const { adjacency, rows } = graph;
  const { heads, tails } = rows;
  return [
    ['EDGE', adjacency.rows],
    ['HEAD', heads],
    ...(tails ? [['TAIL', tails] as [string, InvertedLists]] : []),
  ];
}

export function graphSections(graph: SavedGraph): SavedSection[] {
  const { plan, entries, chosenAt, unchecked, longest } = graph.state;
  const writer = new ByteWriter();
  writer.u32(plan.degree).u32(plan.efConstruction).f64(plan.seed).u32(chosenAt).u32(unchecked);
  writer.f32(longest).u32(entries.length).array(entries);
  return [
    { id: 'GRPH', pieces: [writer.finish()] },
    ...graphColumns(graph).map(([id, column]) => ({ id, pieces: [...column.codePieces()] })),
  ];
}

/** reader — of the section GRPH. @throws FormatError */
export function readGraphState(reader: ByteReader, n: number): GraphState {
  const degree = reader.u32In('degree', MIN_DEGREE, MAX_DEGREE);
  const efConstruction = reader.u32In('efConstruction', 8, MAX_EF);
  const seed = reader.f64();
  if (!Number.isSafeInteger(seed)) reader.fail(`seed expected a safe integer, got ${seed}`);
  const chosenAt = reader.u32In('vectors at the choice of entries', 0, 0xffffffff);
  const unchecked = reader.u32In('vectors added', 0, 0xffffffff);
  const [longest = 0] = reader.f32Array('longest vector', 1);
  if (longest < 0) reader.fail(`longest vector expected 0 or more, got ${longest}`);
  const count = reader.u32In('entries', Math.min(1, n), Math.min(n, MAX_ENTRIES));
  const entries = reader.u32Array(count);
  for (const entry of entries) if (entry >= n) reader.fail(`entries expected slots below ${n}, got ${entry}`);
  reader.end();
  return { plan: { degree, efConstruction, seed }, entries, chosenAt, unchecked, longest };
}
