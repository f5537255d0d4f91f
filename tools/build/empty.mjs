// `node empty.mjs FOLDER`: an empty folder, so that no file of an earlier build is packed.
import { mkdirSync, rmSync } from 'node:fs';

const [folder] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
