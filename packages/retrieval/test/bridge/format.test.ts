import { readFileSync } from 'node:fs';
import { createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { applyMutations, drawMutations } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { BRIDGE_METHODS, readBridge, trainBridge, writeBridge } from '../../src/bridge/index.ts';
import { GOLDEN_BRIDGE, makeGoldenBridge } from '../golden/make-bridge.ts';
import { items, turned } from './spaces.ts';

const core = createCore();
const D = 6;
const base = items(40, D, 21);
const query = turned(base, D, 0.2, 22);
const pairs = { query: { data: query, d: D }, base: { data: base, d: D } };
const files = BRIDGE_METHODS.map((method) => writeBridge(trainBridge(core, pairs, { method })));

function refuses(bytes: Uint8Array): boolean {
  try {
    const bridge = readBridge(core, bytes);
    for (const mapped of [
      bridge.queries(new Float32Array(bridge.dQuery).fill(1)),
      bridge.base(new Float32Array(bridge.dBase).fill(1)),
    ]) {
      expect(mapped.every(Number.isFinite)).toBe(true);
    }
    return false;
  } catch (error) {
    if (error instanceof FormatError) return true;
    throw error;
  }
}

describe('saved bridges', () => {
  it.each(BRIDGE_METHODS)('of %s come back as they were', (method) => {
    const bridge = trainBridge(core, pairs, { method });
    const back = readBridge(core, writeBridge(bridge));
    const { query: _query, base: _base, ...rest } = back.parts();
    expect(bridge.parts()).toMatchObject(rest);
    expect([back.d, back.changesBase]).toEqual([bridge.d, bridge.changesBase]);
    expect(back.queries(query)).toEqual(bridge.queries(query));
    expect(back.base(base)).toEqual(bridge.base(base));
    expect(writeBridge(back)).toEqual(writeBridge(bridge));
  });

  it('are refused when they are cut off anywhere', () => {
    for (const file of files) {
      for (let length = 0; length < file.length; length += length < 400 ? 1 : 13) {
        expect(refuses(file.slice(0, length))).toBe(true);
      }
    }
  });

  it('are refused when a bit is flipped', () => {
    const [file] = files as [Uint8Array];
    for (let at = 0; at < file.length; at++) {
      const bytes = file.slice();
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      expect(refuses(bytes)).toBe(true);
    }
  });

  it('are refused or work where checksums are made right again', () => {
    const random = new RandomStream(5, 'bridge/hostile');
    let refused = 0;
    for (let i = 0; i < 600; i++) {
      const file = files[i % files.length] as Uint8Array;
      if (refuses(applyMutations(file, drawMutations(random, file)))) refused++;
    }
    expect(refused).toBeGreaterThan(300);
  });

  it('load for ever, and are what training gives today', () => {
    const file = readFileSync(GOLDEN_BRIDGE);
    const bridge = readBridge(core, file);
    expect(bridge).toMatchObject({ method: 'linear', regularization: 1, dQuery: 9, dBase: 6, d: 6 });
    expect(bridge.report).toMatchObject({ pairs: 120, duplicates: 0, advice: 'bridge' });
    expect(Buffer.compare(writeBridge(makeGoldenBridge(core)), file)).toBe(0);
  });

  it('are nothing else', () => {
    expect(() => readBridge(core, new Uint8Array(100))).toThrow(FormatError);
  });
});
