// Saves version after version of one file until it is killed; each message says which version is being written.
import { writeContainer } from '@sagitta/core-wasm';
import { openStorage } from '@sagitta/web/storage';

const BYTES = 6_000_000;

/** A version's bytes: a container, whose checksums tell whether it is whole. */
export function versionBytes(version) {
  const content = new Uint8Array(BYTES + 1000 * (version % 7));
  for (let i = 0; i < content.length; i += 4) content[i] = version + (i >> 10);
  return writeContainer({
    kind: 'VERSION',
    version: 1,
    sections: [
      { id: 'NUMB', pieces: [new Uint8Array(Uint32Array.of(version).buffer)] },
      { id: 'DATA', pieces: [content] },
    ],
  });
}

self.onmessage = async ({ data: { kind, from } }) => {
  const storage = await openStorage(kind);
  for (let version = from; ; version++) {
    const bytes = versionBytes(version);
    self.postMessage({ saving: version });
    await storage.write('kill', [bytes.subarray(0, 1000), bytes.subarray(1000)]);
    self.postMessage({ saved: version });
  }
};
