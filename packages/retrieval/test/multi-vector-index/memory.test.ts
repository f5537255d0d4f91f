import { type Core, createCore, type Scope } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { buildMultiVectorIndex, MuveraFde } from '../../src/index.ts';
import { rowsOf } from './chamfer.ts';
import { KINDS, trainKind } from './index-kinds.ts';
import { tokenDocuments } from './token-documents.ts';

/** Notes the most memory that was held at once. */
function watched(core: Core): Core & { peak: number } {
  const note = <T>(made: T): T => {
    view.peak = Math.max(view.peak, core.bytesUsed());
    return made;
  };
  const view = {
    ...core,
    peak: 0,
    allocate: (byteLength: number) => note(core.allocate(byteLength)),
    scope: <T>(body: (scope: Scope) => T): T =>
      core.scope((scope) => body({ reserve: (byteLength) => note(scope.reserve(byteLength)) })),
  };
  return view;
}

describe('memory', () => {
  it('is where it was after 200 indexes', () => {
    const core = createCore();
    const d = 8;
    const documents = tokenDocuments(260, d, { seed: 2, most: 3 });
    const small = tokenDocuments(3, d, { seed: 3 });
    const names = Object.keys(KINDS).filter((name) => !name.includes('pq256x8') && !name.includes('lists'));
    let settled = 0;
    for (let round = 0; round < 200; round++) {
      using index = trainKind(core, documents, names[round % names.length] as string);
      index.add({ ids: [1, 2, 3], tokens: small });
      index.searchIds(rowsOf(small, 0), 2, { ballCarving: 0.9 });
      index.delete(2);
      index.compact();
      if (round === 10) settled = core.memoryBytes();
    }
    expect(core.bytesUsed()).toBe(0);
    expect(core.memoryBytes()).toBe(settled);
  });

  it('of a build peaks within 1.3 times what the index holds and one chunk', () => {
    const core = createCore();
    const view = watched(core);
    const d = 32;
    const documents = tokenDocuments(4_000, d, { seed: 5, least: 10, most: 30 });
    const encoder = new MuveraFde({
      d,
      numSimhashProjections: 4,
      numRepetitions: 10,
      projectionDimension: 16,
    });
    using index = buildMultiVectorIndex(
      view,
      { ids: Array.from({ length: 4_000 }, (_, i) => i), tokens: documents },
      { encoder, fdeEncoding: 'int8' },
    );
    const held = core.bytesUsed();
    const { fdes, tokens } = index.bytes();
    expect(fdes + tokens).toBeGreaterThan(10 << 20);
    expect(fdes + tokens).toBeLessThanOrEqual(held);
    // 8 MiB of FDEs and 16,384 tokens
    const chunk = (8 << 20) + 16_384 * d * 4;
    expect(view.peak).toBeLessThanOrEqual(1.3 * held + chunk);
  });
});
