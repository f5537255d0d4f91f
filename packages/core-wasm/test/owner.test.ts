import { refusingCore } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { type Block, CapacityError, type Core, createCore, making, Owner } from '../src/index.ts';

class Log implements Disposable {
  readonly #lines: string[];
  readonly #name: string;
  constructor(lines: string[], name: string) {
    this.#lines = lines;
    this.#name = name;
  }
  [Symbol.dispose](): void {
    this.#lines.push(this.#name);
  }
}

class Pair extends Owner {
  readonly first: Block;
  readonly second: Block;
  constructor(core: Core, lines: string[]) {
    super(core);
    this.own(() => new Log(lines, 'before'));
    this.first = this.allocate(100);
    this.second = this.allocate(200);
    this.own(() => new Log(lines, 'after'));
  }
  use(): number {
    this.checkLive('pair');
    return this.first.byteLength + this.second.byteLength;
  }
}

describe('an owner', () => {
  it('gives back what it owns in reverse order, once', () => {
    using core = createCore();
    const lines: string[] = [];
    const pair = new Pair(core, lines);
    expect(pair.isLive).toBe(true);
    expect(core.bytesUsed()).toBe(128 + 256);
    pair.dispose();
    pair[Symbol.dispose]();
    pair.dispose();
    expect(lines).toEqual(['after', 'before']);
    expect(core.bytesUsed()).toBe(0);
    expect(pair.isLive).toBe(false);
  });

  it('leaves nothing behind wherever its making fails', async () => {
    using real = createCore();
    const { core, refuse } = refusingCore(real);
    for (let at = 0; at < 2; at++) {
      const lines: string[] = [];
      expect((await refuse(at, () => new Pair(core, lines))).isRefused).toBe(true);
      expect(real.bytesUsed()).toBe(0);
      expect(lines).toEqual(['before']);
    }
    const { isRefused, result } = await refuse(2, () => new Pair(core, []));
    expect(isRefused).toBe(false);
    expect(result?.use()).toBe(300);
  });

  it('says that it is dead, by the name its caller knows', () => {
    using core = createCore();
    const pair = new Pair(core, []);
    expect(pair.use()).toBe(300);
    pair.dispose();
    expect(() => pair.use()).toThrow(new RangeError('"pair" expected a live pair, got a disposed one'));
  });

  it('is dead with its core, and is still disposed without harm', () => {
    const core = createCore();
    const pair = new Pair(core, []);
    const { first } = pair;
    core.dispose();
    const dead = new RangeError('"core" expected a live core, got a disposed one');
    expect(core.isLive).toBe(false);
    expect(pair.isLive).toBe(false);
    expect(() => pair.use()).toThrow(dead);
    expect(() => first.u8()).toThrow(dead);
    expect(() => core.allocate(1)).toThrow(dead);
    expect(() => core.scope(() => 1)).toThrow(dead);
    pair.dispose();
    expect(core.bytesUsed()).toBe(0);
  });
});

describe('making', () => {
  it('hands over what was made, or gives it back in reverse order', () => {
    const lines: string[] = [];
    const kept = making((own) => own(new Log(lines, 'kept')));
    expect(kept).toBeInstanceOf(Log);
    expect(lines).toEqual([]);
    const fail = () =>
      making((own) => {
        own(new Log(lines, 'first'));
        own(new Log(lines, 'second'));
        throw new CapacityError(1, 0);
      });
    expect(fail).toThrow(CapacityError);
    expect(lines).toEqual(['second', 'first']);
  });
});
