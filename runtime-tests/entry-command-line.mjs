// Entry for Node, Bun and Deno: runs a work module, named by its path, on inputs that are files; prints one line of JSON.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const [module, inputs] = process.argv.slice(2);
const files = JSON.parse(inputs);
const { run } = await import(pathToFileURL(module).href);
console.log(JSON.stringify(await run(async (name) => new Uint8Array(await readFile(files[name])))));
