/** What every storage of objects has to do. */
import { expect, it } from 'vitest';
import { type ObjectEntry, type ObjectStorage, objectBytes } from '../../src/cluster/object-storage.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const put = (storage: ObjectStorage, key: string, value: string): Promise<void> =>
  storage.put(key, objectBytes(text(value)));
const get = async (storage: ObjectStorage, key: string): Promise<string | undefined> => {
  const bytes = await storage.get(key);
  return bytes && new TextDecoder().decode(bytes);
};
export const keysOf = async (entries: AsyncIterable<ObjectEntry>): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of entries) keys.push(key);
  return keys;
};

/** make — an empty storage. */
export function storageCase(make: () => ObjectStorage | Promise<ObjectStorage>): void {
  it('gives back what was put, tells its size, and knows what is not there', async () => {
    const storage = await make();
    await put(storage, 'a/b.json', 'first');
    await put(storage, 'a/b.json', 'second');
    expect([await get(storage, 'a/b.json'), await storage.size('a/b.json')]).toEqual(['second', 6]);
    expect([await storage.get('a/c.json'), await storage.size('a/c.json')]).toEqual([undefined, undefined]);
    await put(storage, 'empty', '');
    expect([await get(storage, 'empty'), await storage.size('empty')]).toEqual(['', 0]);
    await expect(storage.open('a/c.json')).rejects.toThrow('"key" expected an object of');
  });

  it('reads ranges, and refuses those that are not within', async () => {
    const storage = await make();
    await put(storage, 'letters', 'abcdefghij');
    const source = await storage.open('letters');
    expect(source.size).toBe(10);
    const parts = await Promise.all([source.read(0, 1), source.read(3, 4), source.read(10, 0)]);
    expect(parts.map((part) => new TextDecoder().decode(part))).toEqual(['a', 'defg', '']);
    await expect(source.read(8, 3)).rejects.toThrow(RangeError);
    await source.close?.();
  });

  it('creates an object once, whoever asks at the same time', async () => {
    const storage = await make();
    const values = ['0', '1', '2', '3', '4'];
    const made = await Promise.all(values.map((value) => storage.create('m/1', text(value))));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await get(storage, 'm/1')).toBe(values[made.indexOf(true)]);
    expect(await storage.create('m/1', text('later'))).toBe(false);
    expect(await storage.create('m/2', text('next'))).toBe(true);
  });

  it('lists keys of a prefix in their order, whole ones alone, and forgets what was removed', async () => {
    const storage = await make();
    for (const key of ['s/b/2', 's/a', 's/b/1', 't/1', 's/b-']) await put(storage, key, key);
    expect(await keysOf(storage.list('s/'))).toEqual(['s/a', 's/b-', 's/b/1', 's/b/2']);
    expect(await keysOf(storage.list('s/b'))).toEqual(['s/b-', 's/b/1', 's/b/2']);
    expect(await keysOf(storage.list('none/'))).toEqual([]);
    await storage.remove('s/b/1');
    await storage.remove('s/b/1');
    expect(await keysOf(storage.list(''))).toEqual(['s/a', 's/b-', 's/b/2', 't/1']);
    for await (const { bytes, modified } of storage.list('t/')) {
      expect(bytes).toBe(3);
      expect(modified).toBeGreaterThan(0);
    }
  });

  it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', '.hidden', 'a b'])('refuses the key %j', async (key) => {
    const storage = await make();
    await expect((async () => storage.get(key))()).rejects.toThrow('"key" expected names');
    await expect((async () => put(storage, key, 'x'))()).rejects.toThrow('"key" expected names');
  });
}
