/** nDCG@10 of FDEs alone, before any rerank, over static tokens of texts. */
import { type Core, toFloat32Rows } from '@sagitta/core-wasm';
import { evaluateRankings } from '@sagitta/retrieval/evaluation';
import { createFdeStore } from '@sagitta/retrieval/muvera';
import { trainStaticTokens } from '@sagitta/retrieval/text';
import { encodeAll } from '../fde-measure.ts';
import { loadTexts } from '../quality/text-collection.ts';
import { TEXT } from './encoders.ts';
import type { Log } from './sets.ts';

const DEPTH = 100;

export async function textTables(core: Core, root: string, log: Log): Promise<string> {
  const tables: string[] = [];
  for (const name of ['ir-vaswani', 'ir-cranfield'] as const) {
    const texts = await loadTexts(root, name);
    const tokenizer = trainStaticTokens(texts.texts);
    const documents = tokenizer.encodeDocuments(texts.texts);
    const asked = texts.questions.map((question) => tokenizer.encodeQuery(question));
    log(`${name}: ${documents.data.length / documents.d} tokens of ${documents.d}`);
    const lines: string[] = [];
    for (const { label, codes, make } of TEXT) {
      const encoder = make(core, documents);
      const fdes = encodeAll(core, encoder, documents);
      const { length, blockLength } = encoder;
      const sample = fdes.subarray(0, Math.min(documents.n, 1024) * length);
      for (const code of codes) {
        using store = createFdeStore(core, { ...code, length, blockLength, sample });
        for (let first = 0; first < documents.n; first += 1024) {
          store.append(fdes.subarray(first * length, Math.min(documents.n, first + 1024) * length));
        }
        using session = encoder.createSession(core);
        const rankings = new Map(
          texts.queryIds.map((id, q) => {
            const { data, weights } = asked[q] as (typeof asked)[number];
            const rows = toFloat32Rows('tokens', data, documents.d);
            // a question without a known term has no answer
            if (rows.length === 0) return [id, []];
            const { slots } = store.search(session.encodeQuery(rows, weights), DEPTH);
            return [id, Array.from(slots, (slot) => texts.documentIds[slot] as string)];
          }),
        );
        const { means } = evaluateRankings(rankings, texts.qrels, ['ndcg@10', 'recall@100']);
        const figures = (['ndcg@10', 'recall@100'] as const).map((measure) => means[measure]?.toFixed(3));
        lines.push(`| ${[label, code.encoding, store.bytesPerDocument, ...figures].join(' | ')} |`);
        log(lines.at(-1) as string);
      }
    }
    const head = '| encoding | code | bytes | nDCG@10 | recall@100 |\n|---|---|---|---|---|';
    tables.push(`### ${name}, ${documents.n} documents\n\n${head}\n${lines.join('\n')}`);
  }
  return `## Static tokens of texts: FDEs alone, no MaxSim behind them\n\n${tables.join('\n\n')}`;
}
