// Formatting, import order and lint rules, all by Biome.
import { ROOT } from './packages.mjs';
import { mustExecute } from './process.mjs';

export async function formatAndLint() {
  await mustExecute('npx', ['--no-install', 'biome', 'ci', '--colors=off', '--error-on-warnings', '.'], {
    cwd: ROOT,
  });
  return 'biome ci';
}
