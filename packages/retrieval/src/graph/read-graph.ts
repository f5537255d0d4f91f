/** Reads the edges and codes of a graph from a file, behind the model of its codes. */
import { type Core, FormatError, type Metric } from '@sagitta/core-wasm';
import type { Quantizer } from '@sagitta/quantizers';
import { BLOCK } from '../columns/inverted-lists.ts';
import { ListScan } from '../columns/list-scan.ts';
import { type Program, reading, type SectionTable } from '../files/program.ts';
import { placesIn, pourInto } from '../files/read-lists.ts';
import { graphColumns, readGraphState } from './format.ts';
import { GraphCodes } from './graph-codes.ts';

/** What the head of a file says of a graph. */
export interface GraphHead {
  readonly metric: Metric;
  readonly n: number;
  readonly origin: Float32Array;
  readonly quantizer: Quantizer;
  /** Tails stay where they are. Default false. */
  readonly isPaged?: boolean;
}

export function* readGraph(core: Core, table: SectionTable, head: GraphHead): Program<GraphCodes> {
  const { metric, n, origin, quantizer, isPaged = false } = head;
  const state = readGraphState(yield { section: 'GRPH' }, n);
  return yield* reading(function* (keep): Program<GraphCodes> {
    const codec = keep(new ListScan(core, quantizer));
    const graph = keep(new GraphCodes(core, { metric, origin, codec, plan: state.plan, isPaged }));
    const columns = graphColumns(graph);
    const blocks = Math.ceil(n / BLOCK);
    for (const [id, column] of columns) table.sized(id, blocks * column.layout.blockBytes);
    const tailBytes = blocks * BLOCK * graph.tailBytes;
    if (tailBytes > 0) table.sized('TAIL', tailBytes);
    else if (table.has('TAIL') && graph.tailBytes === 0) {
      throw new FormatError('expected no section "TAIL", got one', table.entry('TAIL').offset);
    }
    graph.reserve(n);
    for (const [id, column] of columns) yield pourInto(id, placesIn(column), table.entry(id).offset);
    graph.restored(state);
    const defect = graph.rows.defect(n);
    if (defect !== undefined) throw new FormatError(`codes: ${defect}`, table.entry('HEAD').offset);
    return graph;
  });
}
