import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CapacityError, createCore, init, RandomStream } from '../src/index.ts';

const PAGE = 65_536;

describe('blocks', () => {
  it('are 64-byte aligned, zero-filled and apart', () => {
    using core = createCore();
    const sizes = [0, 1, 63, 64, 65, 1000, 100_000];
    const blocks = sizes.map((size) => core.allocate(size));
    blocks.forEach((block, i) => {
      expect(block.byteLength).toBe(sizes[i]);
      expect(block.at() % 64).toBe(0);
      expect(block.u8().every((byte) => byte === 0)).toBe(true);
      block.u8().fill(i + 1);
    });
    blocks.forEach((block, i) => {
      expect(block.u8().every((byte) => byte === i + 1)).toBe(true);
    });
  });

  it('are zero again when memory is used a second time', () => {
    using core = createCore();
    const first = core.allocate(256);
    const address = first.at();
    first.u8().fill(255);
    first.dispose();
    const second = core.allocate(256);
    expect(second.at()).toBe(address);
    expect(second.u8().every((byte) => byte === 0)).toBe(true);
  });

  it('refuse addresses and views outside themselves, and any use after dispose', () => {
    using core = createCore();
    const block = core.allocate(100);
    expect(block.at(100)).toBe(block.at() + 100);
    expect(() => block.at(101)).toThrow(RangeError);
    expect(() => block.at(-1)).toThrow(RangeError);
    expect(() => block.at(0.5)).toThrow(RangeError);
    expect(block.f32().length).toBe(25);
    expect(block.f64().length).toBe(12);
    expect(block.u16(98).length).toBe(1);
    expect(() => block.f32(0, 26)).toThrow(RangeError);
    expect(() => block.f32(4, 25)).toThrow(RangeError);
    expect(() => block.u32(1, 1)).toThrow(RangeError); // not aligned
    block.dispose();
    block.dispose();
    expect(() => block.at()).toThrow(/disposed/);
    expect(() => block.u8()).toThrow(/disposed/);
    expect(core.bytesUsed()).toBe(0);
  });

  it('give the memory behind their first bytes back', () => {
    using core = createCore();
    const block = core.allocate(1000);
    block.u8().fill(5);
    block.truncate(100);
    expect(block.byteLength).toBe(100);
    expect(core.bytesUsed()).toBe(128);
    expect(block.u8().every((byte) => byte === 5)).toBe(true);
    expect(() => block.at(101)).toThrow(RangeError);
    expect(() => block.truncate(101)).toThrow(RangeError);
    const next = core.allocate(64);
    expect(next.at()).toBe(block.at() + 128);
    block.truncate(100);
    block.truncate(0);
    expect(core.bytesUsed()).toBe(128);
    block.dispose();
    next.dispose();
    expect(core.bytesUsed()).toBe(0);
    expect(() => block.truncate(0)).toThrow(/disposed/);
  });

  it('give views of every type over the same bytes', () => {
    using core = createCore();
    const block = core.allocate(64);
    block.u8().fill(255);
    expect([block.i8()[0], block.u16()[0], block.i16()[0]]).toEqual([-1, 65_535, -1]);
    expect([block.u32()[0], block.i32()[0]]).toEqual([4_294_967_295, -1]);
    block.f64()[7] = 1.5;
    expect(block.f64(56, 1)[0]).toBe(1.5);
  });

  it('keep their content when the memory grows between two views', () => {
    using core = createCore();
    const block = core.allocate(400);
    const before = block.f32();
    before.fill(7);
    const bytesBefore = core.memoryBytes();
    core.allocate(bytesBefore + PAGE);
    expect(core.memoryBytes()).toBeGreaterThan(bytesBefore);
    expect(before.length).toBe(0); // the old view is detached, which is why none is kept
    expect(block.f32().every((value) => value === 7)).toBe(true);
  });
});

describe('the heap', () => {
  it('ends where it began after the blocks of 1,000 indexes', () => {
    using core = createCore();
    const random = new RandomStream(1, 'memory');
    const cycle = (): void => {
      const blocks = Array.from({ length: 20 }, () => core.allocate(random.nextBelow(20_000)));
      const order = Uint32Array.from(blocks.keys());
      random.shuffle(order);
      for (const i of order) blocks[i].dispose();
    };
    for (let i = 0; i < 10; i++) cycle();
    expect(core.bytesUsed()).toBe(0);
    const probe = core.allocate(64);
    const address = probe.at();
    probe.dispose();
    for (let i = 0; i < 1000; i++) cycle();
    expect(core.bytesUsed()).toBe(0);
    expect(core.memoryBytes()).toBeLessThan(20 * 20_000 * 2);
    expect(core.allocate(64).at()).toBe(address);
  });

  it('keeps live blocks whole under random allocation and freeing', () => {
    using core = createCore();
    const random = new RandomStream(2, 'memory');
    const live: { block: ReturnType<typeof core.allocate>; mark: number }[] = [];
    let used = 0;
    for (let step = 0; step < 4000; step++) {
      if (live.length > 0 && random.nextBelow(100) < 48) {
        const [{ block, mark }] = live.splice(random.nextBelow(live.length), 1);
        if (!block.u8().every((byte) => byte === mark)) expect.fail(`a block was overwritten, step ${step}`);
        used -= Math.ceil(block.byteLength / 64) * 64;
        block.dispose();
      } else {
        const block = core.allocate(1 + random.nextBelow(3000));
        const mark = 1 + (step % 255);
        if (!block.u8().every((byte) => byte === 0)) expect.fail(`a block is not zero, step ${step}`);
        block.u8().fill(mark);
        used += Math.ceil(block.byteLength / 64) * 64;
        live.push({ block, mark });
      }
      expect(core.bytesUsed()).toBe(used);
    }
    for (const { block } of live) block.dispose();
    expect(core.bytesUsed()).toBe(0);
  });

  it('joins freed neighbours, so that one large block fits where small ones were', () => {
    using core = createCore();
    const blocks = Array.from({ length: 8 }, () => core.allocate(64));
    const fence = core.allocate(64);
    for (const i of [1, 3, 5, 7, 0, 2, 4, 6]) blocks[i].dispose();
    const large = core.allocate(512);
    expect(large.at() + 512).toBe(fence.at());
  });

  it('stops at maximumBytes with both numbers, and goes on after that', () => {
    using core = createCore({ maximumBytes: 4 * PAGE + 5 });
    const block = core.allocate(2 * PAGE);
    let error: unknown;
    try {
      core.allocate(3 * PAGE);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(CapacityError);
    const { code, wanted, available } = error as CapacityError;
    expect(code).toBe('SAGITTA_CAPACITY');
    expect(wanted).toBe(3 * PAGE);
    expect(available).toBeGreaterThan(PAGE);
    expect(available).toBeLessThanOrEqual(2 * PAGE);
    expect(core.bytesUsed()).toBe(2 * PAGE);
    core.allocate(available).dispose();
    expect(core.memoryBytes()).toBeLessThanOrEqual(4 * PAGE);
    block.dispose();
    expect(core.bytesUsed()).toBe(0);
  });

  it('refuses sizes and limits that are no byte counts', () => {
    using core = createCore();
    for (const size of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => core.allocate(size)).toThrow(RangeError);
    }
    expect(() => core.allocate(2 ** 40)).toThrow(CapacityError);
    expect(() => createCore({ maximumBytes: Number.NaN })).toThrow(RangeError);
  });
});

describe('scopes', () => {
  it('free their blocks when they return, nest, and hand the result on', () => {
    using core = createCore();
    const result = core.scope((outer) => {
      const kept = outer.reserve(64);
      core.scope((inner) => inner.reserve(64).u8().fill(1));
      expect(core.bytesUsed()).toBe(64);
      kept.u8().fill(2);
      return kept.u8()[0];
    });
    expect(result).toBe(2);
    expect(core.bytesUsed()).toBe(0);
  });

  it('free their blocks when they throw', () => {
    using core = createCore();
    expect(() =>
      core.scope((scope) => {
        scope.reserve(1000);
        throw new Error('stopped');
      }),
    ).toThrow('stopped');
    expect(core.bytesUsed()).toBe(0);
  });
});

describe('cores', () => {
  it('refuse to allocate after dispose', () => {
    const core = createCore();
    core.dispose();
    core.dispose();
    expect(() => core.allocate(1)).toThrow(/disposed/);
  });

  it('start from a module, from bytes and from a response, and share nothing', async () => {
    const bytes = readFileSync(new URL('../build/simd.wasm', import.meta.url));
    const module = new WebAssembly.Module(bytes);
    const response = new Response(bytes);
    const cores = [
      createCore({ module }),
      await init({ module }),
      await init({ bytes }),
      await init({ response }),
    ];
    cores.forEach((core, i) => {
      expect(core.build).toBe('simd');
      core
        .allocate(4)
        .u8()
        .fill(i + 1);
      expect(core.bytesUsed()).toBe(64);
    });
    await expect(init({})).rejects.toThrow(TypeError);
    await expect(init({ module, bytes })).rejects.toThrow(TypeError);
  });

  it('compute on two blocks', () => {
    using core = createCore();
    const similarity = core.scope((scope) => {
      const a = scope.reserve(16);
      const b = scope.reserve(16);
      a.f32().set([1, 2, 3, 4]);
      b.f32().set([5, 6, 7, 8]);
      return core.kernels.dotF32(a.at(), b.at(), 4);
    });
    expect(similarity).toBe(70);
  });
});
