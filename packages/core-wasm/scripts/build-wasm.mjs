// Compiles assembly/ into build/{debug,simd,relaxed}.wasm and writes the modules that inline the two release binaries.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { encodeBinaryText } from './binary-text.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
mkdirSync('build', { recursive: true });
mkdirSync('src/generated', { recursive: true });

for (const target of ['debug', 'simd', 'relaxed']) {
  const { error, stderr } = await asc.main(['--config', 'asconfig.json', '--target', target]);
  const text = stderr.toString();
  if (error || /WARNING/.test(text)) {
    process.stderr.write(text);
    throw error ?? new Error(`the ${target} build has warnings`);
  }
  if (target === 'debug') continue;
  const bytes = readFileSync(`build/${target}.wasm`);
  const lines = [
    `/** build/${target}.wasm as text (see binary-text.ts), written by scripts/build-wasm.mjs. */`,
    `export const ${target}ByteLength: number = ${bytes.length};`,
    `export const ${target}Text: string =`,
    `  '${encodeBinaryText(bytes)}';`,
  ];
  writeFileSync(`src/generated/${target}-bytes.generated.ts`, `${lines.join('\n')}\n`);
}
