/**
 * What the clients of records have in common, be a record one vector or many. A change (add, upsert, update, delete, compact,
 * train) is one step of the worker between searches, whole or not at all, and goes over when the changes before it are
 * through; until then an abort ends it, afterwards it takes place and its promise says so. An index that is made, loaded or
 * opened takes the place of the one before when it is complete.
 */
import { checkOptions, type OptionTable } from '@sagitta/core-wasm';
import type { JsonValue, MultiVectorIndex, RecordId, VectorIndex } from '../index.ts';
import { copyMetadata } from '../records/records.ts';
import { CALL, type CallOptions, PROGRESS, type ProgressOptions } from './client-options.ts';
import type { Place } from './place.ts';
import { postedId, postedIds } from './posted.ts';
import type { Making, MultiVectorInfo, VectorInfo } from './protocol.ts';
import type { AnswerOf, MultiVectorCall, VectorCall } from './record-calls.ts';
import { WorkerClient } from './worker-client.ts';

/** What goes over in a call. */
export interface Sent {
  readonly args: readonly unknown[];
  readonly transfer?: Transferable[];
  /** Refuses, when its turn has come, what only the index tells to be wrong. */
  check?(): void;
}

/** Holds an index of records in a worker. VectorClient and MultiVectorClient are such. */
export abstract class RecordClient<
  P extends Place,
  Info extends VectorInfo | MultiVectorInfo,
  Index extends VectorIndex<M> | MultiVectorIndex<M>,
  M = JsonValue,
> extends WorkerClient<P, Info> {
  /** Of the index that a change asked for now finds. @internal */
  protected d: number | undefined;

  /** @internal */
  protected override async commit(draft: Parameters<WorkerClient<P, Info>['commit']>[0]): Promise<Info> {
    const info = await super.commit(draft);
    this.d = info.d;
    return info;
  }

  /** @internal */
  protected make(making: Making, transfer: Transferable[], call: ProgressOptions): Promise<Info> {
    return this.changes.run(call, PROGRESS, async (draft) => {
      await draft.request(0, 'create', { making }, { transfer });
      return this.commit(draft);
    });
  }

  /** A method that changes nothing. @internal */
  protected async ask<Name extends (VectorCall | MultiVectorCall) & keyof Index>(
    method: Name,
    { args, transfer = [] }: Sent,
    { signal, onProgress }: ProgressOptions = {},
  ): Promise<AnswerOf<Index, Name>> {
    const answer = await this.channel.request('call', { method, args }, { transfer, signal, onProgress });
    // the worker calls the method of this name
    return answer as AnswerOf<Index, Name>;
  }

  /** A method that changes the index. @internal */
  protected change<C extends ProgressOptions>(
    method: VectorCall | MultiVectorCall,
    { args, transfer = [], check }: Sent,
    call: C,
    table: OptionTable<C>,
  ): Promise<unknown> {
    return this.changes.run(call, table, async (draft) => {
      check?.();
      return draft.apply({ method, args }, { transfer, onProgress: call.onProgress });
    });
  }

  /**
   * Takes records out.
   * @param ids - one id, or any number of them; those that are not there are passed over
   * @returns how many there were
   */
  async delete(ids: RecordId | Iterable<RecordId>, call: CallOptions = {}): Promise<number> {
    const gone = await this.change('delete', { args: [postedIds(ids)] }, call, CALL);
    return gone as number;
  }

  /** Gives the memory of deleted and replaced records back. @throws as the index does */
  async compact(call: CallOptions = {}): Promise<void> {
    await this.change('compact', { args: [] }, call, CALL);
  }

  async has(id: RecordId, call: CallOptions = {}): Promise<boolean> {
    checkOptions('options', call, CALL);
    return (await this.ask('has', { args: [postedId('id', id)] }, call)) as boolean;
  }

  /** Ids of all records, in the order they were added or last replaced. */
  async ids(call: CallOptions = {}): Promise<RecordId[]> {
    checkOptions('options', call, CALL);
    return (await this.ask('ids', { args: [] }, call)) as RecordId[];
  }

  /** @internal */
  protected metadataOf(change: { readonly metadata?: M }): { readonly metadata?: M } {
    const { metadata } = change;
    return metadata === undefined ? {} : { metadata: copyMetadata('metadata', metadata) as M };
  }
}
