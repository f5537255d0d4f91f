/** Objects in a folder and behind S3's API: one contract, and what becomes of faults. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/cluster/errors.ts';
import { folderObjects } from '../../src/cluster/folder-objects.ts';
import { objectBytes } from '../../src/cluster/object-storage.ts';
import { s3Storage } from '../../src/cluster/s3-storage.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { FakeS3 } from './fake-s3.ts';
import { keysOf, storageCase } from './storage.case.ts';

const folder = temporaryFolder();
let made = 0;
const MIB = 2 ** 20;
const quick = { tries: 3, firstPauseMs: 1, partBytes: 5 * MIB };
const on = (client: FakeS3): ReturnType<typeof s3Storage> =>
  s3Storage({ bucket: 'b', prefix: 'p/q', client, ...quick });
const bytes = Uint8Array.of(1, 2, 3);

describe('a folder', () => {
  const empty = (): string => join(folder.path, `objects-${made++}`);
  storageCase(() => folderObjects(empty()));

  it('leaves nothing beside the objects, and does not list what is not whole', async () => {
    const path = empty();
    const storage = folderObjects(path);
    await storage.put('a/1', objectBytes(bytes));
    await storage.create('a/2', bytes);
    await storage.create('a/2', bytes);
    expect(readdirSync(join(path, 'a')).sort()).toEqual(['1', '2']);
    writeFileSync(join(path, 'a', '.1.host.9-9-0-0.tmp'), 'half');
    expect(await keysOf(storage.list(''))).toEqual(['a/1', 'a/2']);
  });
});

describe('S3', () => {
  storageCase(() => on(new FakeS3()));

  it('has keys below its prefix, or without one', async () => {
    const client = new FakeS3();
    await on(client).put('a', objectBytes(bytes));
    await s3Storage({ bucket: 'b', client }).put('a', objectBytes(bytes));
    expect([...client.objects.keys()]).toEqual(['p/q/a', 'a']);
  });

  it('tries again what may pass: busy servers, lost connections, bodies that come short', async () => {
    const client = new FakeS3();
    const storage = on(client);
    client.fail('putObject', 503, 'network');
    await storage.put('a', objectBytes(bytes));
    client.fail('getObject', 'short', 429);
    expect(await storage.get('a')).toEqual(bytes);
    const source = await storage.open('a');
    client.fail('getObject', 'short', 500);
    expect(await source.read(1, 2)).toEqual(bytes.subarray(1));
    client.fail('listObjectsV2', 503);
    expect(await keysOf(storage.list(''))).toEqual(['a']);
  });

  it('says that it is unavailable after its tries, and refused where a try would not help', async () => {
    const client = new FakeS3();
    const storage = on(client);
    client.fail('getObject', 503, 503, 503);
    const failed = storage.get('a');
    await expect(failed).rejects.toBeInstanceOf(UnavailableError);
    await expect(failed).rejects.toThrow('s3://b/p/q/a: expected an answer of the storage, got status 503');
    expect(client.calls).toHaveLength(3);
    client.fail('putObject', 403);
    await expect(storage.put('a', objectBytes(bytes))).rejects.toMatchObject({ code: 'SAGITTA_STORAGE' });
    expect(client.calls).toHaveLength(4);
    client.fail('getObject', 'short', 'short', 'short');
    client.objects.set('p/q/a', bytes);
    await expect(storage.get('a')).rejects.toThrow('expected 3 bytes, got 2');
  });

  it('knows its own create whose answer was lost from that of another', async () => {
    const client = new FakeS3();
    const storage = on(client);
    await storage.create('warm', bytes);
    client.fail('putObject', 'lost');
    expect(await storage.create('m', bytes)).toBe(true);
    client.fail('putObject', 409);
    expect(await storage.create('m', Uint8Array.of(9))).toBe(false);
    expect(client.objects.get('p/q/m')).toEqual(bytes);
  });

  it('refuses to create where the server knows no conditions, and leaves nothing of the question', async () => {
    const client = new FakeS3({ hasConditions: false });
    await expect(on(client).create('m', bytes)).rejects.toThrow('expected a storage that refuses to create');
    expect(client.objects.size).toBe(0);
  });

  it.each([true, false])(
    'notices an object that changes while it is read, conditions %j',
    async (hasConditions) => {
      const client = new FakeS3({ hasConditions });
      const storage = on(client);
      await storage.put('a', objectBytes(bytes));
      const source = await storage.open('a');
      await storage.put('a', objectBytes(Uint8Array.of(4, 5, 6)));
      await expect(source.read(0, 2)).rejects.toThrow('has changed since it was opened');
      await storage.remove('a');
      await expect(source.read(0, 2)).rejects.toThrow('has changed since it was opened');
    },
  );

  it('sends long objects in parts, each again where it fails, and gives the upload up where all fail', async () => {
    const client = new FakeS3();
    const storage = on(client);
    const long = randomBytes(11 * MIB + 3, 7);
    client.fail('uploadPart', 503, 'network');
    await storage.put('long', objectBytes(long));
    expect(Buffer.compare(client.objects.get('p/q/long') as Uint8Array, long)).toBe(0);
    expect(client.calls.filter((call) => call === 'uploadPart')).toHaveLength(5);
    client.fail('uploadPart', 500, 500, 500, 500, 500, 500, 500, 500, 500);
    await expect(storage.put('other', objectBytes(long))).rejects.toBeInstanceOf(UnavailableError);
    expect([client.uploads, client.objects.has('p/q/other')]).toEqual([0, false]);
  });

  it.each([
    [{ bucket: 'a/b' }, '"bucket" expected a name'],
    [{ prefix: 'a/' }, '"key" expected names'],
    [{ partBytes: 1 }, '"partBytes" expected'],
    [{ retries: 1 }, 'did you mean "tries"'],
  ])('refuses %j', (wrong, message) => {
    expect(() => s3Storage({ bucket: 'b', client: new FakeS3(), ...wrong })).toThrow(message);
  });
});
