// Entry for Node, Bun and Deno: one line of JSON on standard output.
import { runSmoke } from './smoke.mjs';

console.log(JSON.stringify(await runSmoke()));
