/** Subjects of the messages about a shard of a version of the manifest. */

/** Names what members of a shard listen to. */
export interface ShardSubjects {
  /** Questions for one of them. */
  readonly one: string;
  /** Questions for all of them. */
  readonly all: string;
  /** Ids of questions that nobody needs answered any more. */
  readonly back: string;
}

export function subjectsOf(collection: string, version: number, shard: number): ShardSubjects {
  const one = `sagitta.q.${collection}.${version}.${shard}`;
  return { one, all: `${one}.all`, back: `${one}.back` };
}
