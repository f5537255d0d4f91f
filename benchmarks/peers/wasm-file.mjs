// The WebAssembly of a package that fetches it in browsers, read from its folder: what such a package needs in Node.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const { resolve } = createRequire(import.meta.url);

export function wasmOf(name, file) {
  return readFileSync(join(dirname(resolve(`${name}/package.json`)), file));
}
