/** A place without a platform: workers are services behind message ports, storages are maps. */
import { bytesSource } from '../../../src/index.ts';
import {
  type ClientPlace,
  type CommonLocation,
  connect,
  connectShards,
  type NamedIndexes,
  SearchClient,
  ShardedClient,
  serveSearch,
  type WorkerEndpoint,
  type WorkerPlace,
} from '../../../src/remote/index.ts';

export interface MemoryPlace {
  readonly location: CommonLocation | { readonly room: string };
  readonly storage: string;
}

const open: MessagePort[] = [];
/** By storage, then by name. */
export const stored: Map<string, Uint8Array> = new Map();

/** Ends workers and empties storages: for afterEach of every file, since test files may share this module. */
export function endWorkers(): void {
  for (const port of open.splice(0)) port.close();
  stored.clear();
}

function memory(kind: string): NamedIndexes {
  return {
    kind,
    async write(name, chunks, byteLength) {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk.slice());
      const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
      if (bytes.length !== byteLength)
        throw new RangeError(`"byteLength" ${byteLength}, got ${bytes.length}`);
      stored.set(name, bytes);
      return bytes.length;
    },
    async open(name) {
      const bytes = stored.get(name);
      if (!bytes) throw new RangeError(`"name" expected a stored index, got ${name}`);
      return bytesSource(bytes);
    },
    list: async () => [...stored].map(([name, { length: bytes }]) => ({ name, bytes })),
    remove: async (name) => {
      stored.delete(name);
    },
  };
}

export const WORKER: WorkerPlace = {
  storage: async (kind) => memory(kind === 'auto' ? 'memory' : kind),
  open: async () => {
    throw new TypeError('no rooms here');
  },
};

export function memoryWorker(place: WorkerPlace = WORKER): WorkerEndpoint {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  serveSearch(port2, place);
  return port1;
}

export const CLIENT: ClientPlace<MemoryPlace> = {
  createWorker: () => memoryWorker(),
  cores: () => 3,
  locations: ['room', 'stored', 'blob', 'bytes'],
  locate: (from) => from,
  errors: [],
};

export async function oneWorker(): Promise<SearchClient<MemoryPlace>> {
  return new SearchClient(await connect(CLIENT, {}));
}

export async function manyWorkers(shards?: number): Promise<ShardedClient<MemoryPlace>> {
  return new ShardedClient(await connectShards(CLIENT, shards === undefined ? {} : { shards }));
}
