// Entry for Node, Bun and Deno: runs a work module, named by its path, on inputs that are files; prints one line of JSON:
// the result, and the most memory that the process has had where the system tells (Linux).
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const [module, inputs] = process.argv.slice(2);
const files = JSON.parse(inputs);
const { run } = await import(pathToFileURL(module).href);
const result = await run(async (name) => new Uint8Array(await readFile(files[name])));
const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
const kilobytes = /VmHWM:\s*(\d+)/.exec(status)?.[1];
console.log(JSON.stringify({ result, peakBytes: kilobytes && 1024 * Number(kilobytes) }));
