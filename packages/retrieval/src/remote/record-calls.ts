/** Methods of indexes of records that clients call in their workers. Both ends are typed by the indexes' own methods. */

type SharedCall =
  | 'add'
  | 'upsert'
  | 'update'
  | 'delete'
  | 'compact'
  | 'has'
  | 'get'
  | 'ids'
  | 'search'
  | 'searchBatch'
  | 'searchIds';
export type VectorCall = SharedCall | 'train' | 'report' | 'vector';
export type MultiVectorCall = SharedCall | 'bytes' | 'encodeQuery' | 'explain';

const SHARED: readonly SharedCall[] = [
  'add',
  'upsert',
  'update',
  'delete',
  'compact',
  'has',
  'get',
  'ids',
  'search',
  'searchBatch',
  'searchIds',
];
export const VECTOR_CALLS: readonly VectorCall[] = [...SHARED, 'train', 'report', 'vector'];
export const MULTI_VECTOR_CALLS: readonly MultiVectorCall[] = [...SHARED, 'bytes', 'encodeQuery', 'explain'];

/** What method Name of an index answers. */
export type AnswerOf<Index, Name extends keyof Index> = Index[Name] extends (...given: never[]) => infer Out
  ? Awaited<Out>
  : never;

/** Methods that may take long without a word: they add, code or train. */
const LONG: ReadonlySet<string> = new Set<VectorCall>([
  'add',
  'upsert',
  'update',
  'delete',
  'compact',
  'train',
]);

export function takesLong(method: string): boolean {
  return LONG.has(method);
}
