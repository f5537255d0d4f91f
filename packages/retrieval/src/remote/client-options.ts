/** What the clients' calls may be told: other names are refused where the call is made, not in the worker. */
import type { OptionTable } from '@sagitta/core-wasm';
import type { OpenIndexOptions } from '../index.ts';
import type { Progress, StartOptions, WorkerSearchOptions } from './protocol.ts';

/** Says what ends a call before it is through. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Says who is told how far a call is. */
export interface ProgressOptions extends CallOptions {
  /** Called as the call goes on: a build trains, then adds. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Says which storage is meant. */
export interface StorageOptions<Storage extends string = string> extends CallOptions {
  readonly storage?: Storage;
}

export const CALL: OptionTable<CallOptions> = { signal: 'any' };
export const PROGRESS: OptionTable<ProgressOptions> = { ...CALL, onProgress: 'function' };
export const STORAGE: OptionTable<StorageOptions> = { ...CALL, storage: 'string' };
export const OPEN: OptionTable<OpenIndexOptions & CallOptions> = {
  ...CALL,
  cacheBytes: 'number',
  gapBytes: 'number',
  pieceBytes: 'number',
};
export const SEARCH: OptionTable<WorkerSearchOptions & CallOptions> = {
  ...CALL,
  nprobe: 'number',
  ef: 'number',
  precision: 'string',
  gamma: 'number',
  rerank: 'any',
  statistics: 'boolean',
};
export const BATCH: OptionTable<WorkerSearchOptions & ProgressOptions> = { ...SEARCH, ...PROGRESS };
export const START: OptionTable<StartOptions & CallOptions & { readonly timeoutMs?: number }> = {
  ...CALL,
  module: 'any',
  build: 'string',
  maximumBytes: 'number',
  timeoutMs: 'number',
};
