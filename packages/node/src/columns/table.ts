/** A file of columns, read some rows at a time: what Arrow and Parquet have in common. */
import type { JsonValue } from '@sagitta/retrieval';

export interface TableField {
  /** The name; dots lead into structs. */
  readonly path: string;
  /** How many lists lie around a value: 1 for vectors, 2 for token sets. */
  readonly depth: number;
  /** Whether the values inside are numbers; else they are texts, or nothing that is read. */
  readonly holds: 'numbers' | 'texts' | 'other';
  /** As errors name it, e.g. list<float32>. */
  readonly type: string;
  /** Values of the innermost list, where the schema says it. */
  readonly d?: number | undefined;
}

/** Numbers, not yet rounded to float32. */
export interface NumberColumn {
  readonly kind: 'numbers';
  readonly values: Float32Array | Float64Array;
  /** 0 for a value that is missing; absent if none is. */
  readonly valid?: Uint8Array | undefined;
  readonly isInteger: boolean;
}

export interface ListColumn {
  readonly kind: 'lists';
  /** rows + 1 places among the values inside; they ascend and stay within them. */
  readonly offsets: Int32Array | Float64Array;
  /** 0 for a list that is missing; absent if none is. */
  readonly valid?: Uint8Array | undefined;
  readonly inside: ListColumn | NumberColumn;
}

export interface TableBatch {
  /** Row of the file at which the batch begins. */
  readonly start: number;
  readonly rows: number;
  /** Byte of the file to which errors point. */
  readonly offset: number;
  /** A field of depth 1 or 2 that holds numbers. @throws FormatError */
  lists(field: TableField): Promise<ListColumn>;
  /** A field of depth 0, a value a row: null where it is missing. @throws FormatError */
  scalars(field: TableField): Promise<readonly JsonValue[]>;
}

export interface TableFile {
  readonly path: string;
  readonly fields: readonly TableField[];
  /** Rows. */
  readonly n: number;
  batches(): AsyncIterable<TableBatch>;
  close(): Promise<void>;
}
