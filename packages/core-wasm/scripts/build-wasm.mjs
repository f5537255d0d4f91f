// Compiles assembly/ into build/{debug,simd,relaxed}.wasm and writes the base64 modules that the package loads by default.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

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
  const base64 = readFileSync(`build/${target}.wasm`).toString('base64');
  writeFileSync(
    `src/generated/${target}-bytes.generated.ts`,
    `/** build/${target}.wasm in base64, written by scripts/build-wasm.mjs. */\nexport const ${target}Base64: string =\n  '${base64}';\n`,
  );
}
