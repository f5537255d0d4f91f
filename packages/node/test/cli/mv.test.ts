import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { maxsim } from '@sagitta/retrieval/maxsim';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeMvecs } from '../../src/writers/mvecs.ts';
import { sagitta, sagittaJson } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { topicSets } from '../support/topic-sets.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const D = 16;
const N = 120;
const NQ = 10;

const documents = topicSets(N, 'documents', D);
const queries = topicSets(NQ, 'queries', D);
const ids = Array.from({ length: N }, (_, i) => `doc-${i}`);

/** Names of the k best by exact MaxSim. */
function best(q: number, k: number, allowed: (i: number) => boolean = () => true): string[] {
  const data = queries.data.subarray(5 * q * D, 5 * (q + 1) * D);
  const scores = maxsim({ data, n: 5, d: D }, documents);
  const order = [...scores.keys()]
    .filter(allowed)
    .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return order.slice(0, k).map((i) => ids[i] as string);
}

interface Built {
  n: number;
  tokens: number;
  fde: string;
  fdeLength: number;
  fileBytes: number;
}
interface Found {
  results: {
    query: string;
    hits: {
      id: string;
      similarity: number;
      metadata?: { part: number };
      matches?: { queryToken: number }[];
    }[];
  }[];
}
interface Evaluated {
  rows: { candidates?: number; recall: number; measures?: Record<string, number>; qps: number }[];
  judged?: number;
}

beforeAll(async () => {
  await writeMvecs(at('docs.mvecs'), [documents], D);
  await writeMvecs(at('queries.mvecs'), [queries], D);
  folder.write('ids.txt', `${ids.join('\n')}\n`);
  folder.write(
    'metadata.jsonl',
    ids.map((_, i) => JSON.stringify({ part: i % 4, tags: ['all', `t${i % 2}`] })).join('\n'),
  );
  const judged = Array.from({ length: NQ }, (_, q) => best(q, 4).map((id, i) => `${q} 0 ${id} ${4 - i}`));
  folder.write('qrels.txt', judged.flat().join('\n'));
  const built = await sagittaJson<Built>(
    'mv',
    'build',
    at('docs.mvecs'),
    '--out',
    at('base.smv'),
    '--fde',
    2560,
    '--tokens',
    'float32',
    '--ids',
    at('ids.txt'),
    '--metadata',
    at('metadata.jsonl'),
  );
  expect(built).toMatchObject({ n: N, tokens: 5 * N, fde: 'muvera', fdeLength: 2560 });
  expect(readFileSync(at('base.smv')).length).toBe(built.fileBytes);
}, 120_000);

describe('mv build', () => {
  it.each([{ more: [] }, { more: ['--trained'] }])(
    'encodes by regression, $more',
    async ({ more }) => {
      const file = at(`regression${more.length}.smv`);
      const sizes = ['--fde', 'regression', '--features', 48];
      const ids = ['--ids', at('ids.txt')];
      const built = await sagittaJson<Built>(
        'mv',
        'build',
        at('docs.mvecs'),
        '--out',
        file,
        ...sizes,
        ...more,
        ...ids,
      );
      expect(built).toMatchObject({ n: N, fde: 'regression', fdeLength: 48 });
      const found = await sagittaJson<Found>(
        'mv',
        'search',
        file,
        '--queries',
        at('queries.mvecs'),
        '-k',
        3,
        '--candidates',
        N,
      );
      for (let q = 0; q < NQ; q++) expect(found.results[q]?.hits[0]?.id).toBe(best(q, 1)[0]);
    },
    120_000,
  );

  it('puts FDEs into a graph or into lists, which are searched as wide as asked', async () => {
    const indexes = [
      { build: ['--fde-index', 'graph', '--degree', 16], search: ['--ef', 200], name: 'graph' },
      { build: ['--fde-index', 'lists', '--nlist', 4], search: ['--nprobe', 4], name: 'lists' },
    ];
    for (const { build, search, name } of indexes) {
      const file = at(`${name}.smv`);
      const more = ['--ids', at('ids.txt'), '--fde-bits', 8, ...build];
      const built = await sagittaJson<Built>('mv', 'build', at('docs.mvecs'), '--out', file, ...more);
      expect(built).toMatchObject({ n: N, fdeEncoding: 'saq', fdeIndex: name });
      const queries = ['--queries', at('queries.mvecs'), '-k', 1, '--candidates', N];
      const found = await sagittaJson<Found>('mv', 'search', file, ...queries, ...search);
      for (let q = 0; q < NQ; q++) expect(found.results[q]?.hits[0]?.id).toBe(best(q, 1)[0]);
    }
    const wrong = ['mv', 'build', at('docs.mvecs'), '--out', at('none.smv'), '--fde-index', 'graph'];
    await expect(sagittaJson(...wrong, '--fde-encoding', 'int8')).rejects.toThrow(
      /expected 'saq' for FDEs in a graph/,
    );
  }, 120_000);
});

describe('mv search', () => {
  it('finds what exact MaxSim finds, when it looks at everything', async () => {
    const exact = await sagittaJson<Found>(
      'mv',
      'search',
      at('base.smv'),
      '--queries',
      at('queries.mvecs'),
      '-k',
      5,
      '--exact',
    );
    const funnel = await sagittaJson<Found>(
      'mv',
      'search',
      at('base.smv'),
      '--queries',
      at('queries.mvecs'),
      '-k',
      5,
      '--candidates',
      N,
    );
    for (let q = 0; q < NQ; q++) {
      expect(exact.results[q]?.hits.map(({ id }) => id)).toEqual(best(q, 5));
      expect(funnel.results[q]?.hits.map(({ id }) => id)).toEqual(best(q, 5));
      expect(exact.results[q]?.query).toBe(String(q));
    }
  });

  it('keeps to a filter, and explains hits', async () => {
    const { results } = await sagittaJson<Found>(
      'mv',
      'search',
      at('base.smv'),
      '--queries',
      at('queries.mvecs'),
      '-k',
      3,
      '--filter',
      'part=2',
      '--filter',
      'tags=all',
      '--explain',
      '--query-limit',
      2,
    );
    expect(results).toHaveLength(2);
    results.forEach(({ hits }, q) => {
      expect(hits.map(({ id }) => id)).toEqual(best(q, 3, (i) => i % 4 === 2));
      for (const { metadata, matches } of hits) {
        expect(metadata?.part).toBe(2);
        expect(matches?.map(({ queryToken }) => queryToken)).toEqual([0, 1, 2, 3, 4]);
      }
    });
  });

  it('writes a TREC run', async () => {
    await sagittaJson(
      'mv',
      'search',
      at('base.smv'),
      '--queries',
      at('queries.mvecs'),
      '-k',
      2,
      '--exact',
      '--out',
      at('run.txt'),
    );
    const lines = readFileSync(at('run.txt'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(2 * NQ);
    expect(lines[1]).toMatch(new RegExp(`^0 Q0 ${best(0, 2)[1]} 2 \\d+\\.\\d+ sagitta$`));
  });
});

describe('mv eval', () => {
  it('measures recall of exact MaxSim and quality by judgements, and draws it', async () => {
    const { rows, judged } = await sagittaJson<Evaluated>(
      'mv',
      'eval',
      at('base.smv'),
      '--queries',
      at('queries.mvecs'),
      '-k',
      4,
      '--candidates',
      `8,${N}`,
      '--qrels',
      at('qrels.txt'),
      '--measures',
      'ndcg@4,mrr',
      '--plot',
      at('mv.svg'),
    );
    expect(judged).toBe(NQ);
    expect(rows.map(({ candidates }) => candidates)).toEqual([8, N, undefined]);
    for (const row of rows.slice(1)) {
      expect(row.recall).toBe(1);
      expect(row.measures).toEqual({ 'ndcg@4': 1, mrr: 1 });
      expect(row.qps).toBeGreaterThan(0);
    }
    const first = rows[0] as Evaluated['rows'][number];
    let hits = 0;
    const { results } = await sagittaJson<Found>(
      'mv',
      'search',
      at('base.smv'),
      '--queries',
      at('queries.mvecs'),
      '-k',
      4,
      '--candidates',
      8,
      '--rerank',
      8,
    );
    results.forEach((result, q) => {
      for (const { id } of result.hits) if (best(q, 4).includes(id)) hits++;
    });
    expect(first.recall).toBe(hits / (4 * NQ));
    expect(readFileSync(at('mv.svg'), 'utf8')).toContain('recall@4 of exact MaxSim');
  });
});

describe('mv build', () => {
  it('learns FDEs, splits the mean, and reads plain vectors beside lengths', async () => {
    const learned = await sagittaJson<Built>(
      'mv',
      'build',
      at('docs.mvecs'),
      '--out',
      at('learned.smv'),
      '--fde',
      'learned',
      '--cells',
      8,
      '--directions',
      8,
      '--limit',
      50,
    );
    expect(learned).toMatchObject({ n: 50, fde: 'learned' });
    const bytes = Int8Array.from(documents.data, (value) => Math.round(127 * value));
    folder.write('docs.i8', new Uint8Array(bytes.buffer));
    folder.write('docs.i32', new Uint8Array(new Int32Array(N).fill(5).buffer));
    const split = await sagittaJson<Built>(
      'mv',
      'build',
      at('docs.i8'),
      '--lengths',
      at('docs.i32'),
      '--d',
      D,
      '--mean-split',
      '--fde',
      '1536',
      '--out',
      at('split.smv'),
    );
    expect(split).toMatchObject({ n: N, tokens: 5 * N, fdeLength: 1536 });
    const { results } = await sagittaJson<Found>(
      'mv',
      'search',
      at('split.smv'),
      '--queries',
      at('queries.mvecs'),
      '-k',
      1,
      '--exact',
      '--query-limit',
      1,
    );
    expect(results[0]?.hits[0]?.id).toBe(Number((best(0, 1)[0] as string).slice(4)));
  });

  it('gives the same file again', async () => {
    await sagittaJson(
      'mv',
      'build',
      at('docs.mvecs'),
      '--out',
      at('again.smv'),
      '--fde',
      2560,
      '--tokens',
      'float32',
      '--ids',
      at('ids.txt'),
      '--metadata',
      at('metadata.jsonl'),
    );
    expect(readFileSync(at('again.smv')).equals(readFileSync(at('base.smv')))).toBe(true);
  });
});

describe('failures', () => {
  const fails = async (status: number, message: RegExp, ...argv: (string | number)[]): Promise<void> => {
    const run = await sagitta('mv', ...argv);
    expect(run.status, run.stderr).toBe(status);
    expect(run.stderr).toMatch(message);
    expect(run.stderr).not.toMatch(/\n {4}at /);
  };

  it('name the argument at fault', async () => {
    await fails(1, /TOKENS: .*no\.mvecs: no such file/, 'build', at('no.mvecs'), '--out', at('x.smv'));
    await fails(1, /TOKENS: .*expected one of the extensions/, 'build', at('ids.txt'), '--out', at('x.smv'));
    folder.write('few.txt', 'a\nb\n');
    await fails(
      1,
      /--ids: expected a line for each of 120 documents, got 2/,
      'build',
      at('docs.mvecs'),
      '--ids',
      at('few.txt'),
      '--out',
      at('x.smv'),
    );
    folder.write('twice.txt', new Array(N).fill('same').join('\n'));
    await fails(
      1,
      /--ids: .*same/,
      'build',
      at('docs.mvecs'),
      '--ids',
      at('twice.txt'),
      '--out',
      at('x.smv'),
    );
    folder.write('bad.jsonl', '{"a":1}\n{');
    await fails(
      1,
      /--metadata: .*line 2: expected JSON/,
      'build',
      at('docs.mvecs'),
      '--metadata',
      at('bad.jsonl'),
      '--out',
      at('x.smv'),
    );
    await fails(2, /--fde/, 'build', at('docs.mvecs'), '--fde', '1000', '--out', at('x.smv'));
    await fails(1, /FILE: /, 'search', at('docs.mvecs'), '--queries', at('queries.mvecs'));
    await fails(
      1,
      /--filter: expected key=value, got part/,
      'search',
      at('base.smv'),
      '--queries',
      at('queries.mvecs'),
      '--filter',
      'part',
    );
    await writeMvecs(
      at('other.mvecs'),
      [{ data: new Float32Array(3), offsets: Uint32Array.of(0, 1), n: 1, d: 3 }],
      3,
    );
    await fails(
      1,
      /--queries: expected 16 dimensions/,
      'search',
      at('base.smv'),
      '--queries',
      at('other.mvecs'),
    );
    folder.write('other.qrels', 'q9 doc-1 1');
    await fails(
      1,
      /--qrels: expected judgements of the queries 0, 1, 2/,
      'eval',
      at('base.smv'),
      '--queries',
      at('queries.mvecs'),
      '--qrels',
      at('other.qrels'),
    );
    await fails(
      2,
      /--measures/,
      'eval',
      at('base.smv'),
      '--queries',
      at('queries.mvecs'),
      '--measures',
      'ndcg',
    );
  });

  it('help says what there is', async () => {
    for (const command of ['build', 'search', 'eval']) {
      const { status, stdout } = await sagitta('mv', command, '--help');
      expect(status).toBe(0);
      expect(stdout).toContain('Example:');
    }
  });
});
