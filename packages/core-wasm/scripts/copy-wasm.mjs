// Puts the raw binaries beside the compiled TypeScript, for the "workerd" and "edge-light" entries and for direct import.
import { copyFileSync } from 'node:fs';

for (const name of ['simd', 'relaxed']) {
  copyFileSync(
    new URL(`../build/${name}.wasm`, import.meta.url),
    new URL(`../dist/${name}.wasm`, import.meta.url),
  );
}
