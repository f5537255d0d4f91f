/** Bridges in files. */
import { readFile } from 'node:fs/promises';
import type { Core } from '@sagitta/core-wasm';
import { type Bridge, readBridge } from '@sagitta/retrieval/bridge';
import { blame } from '../failure.ts';

/** Reads the bridge of a file; what is wrong with it is the argument's fault. */
export function openBridge(core: Core, path: string, argument: string): Promise<Bridge> {
  return blame(argument, async () => readBridge(core, await readFile(path)));
}
