/**
 * Collections of the structure of LIMIT (Weller et al. 2025, section 5): documents are people who like some 45 things,
 * queries ask "who likes X?", and exactly two documents do. 1,000 of the 1,035 pairs of 46 documents are asked for; the
 * things asked for are never given to other documents, which draw from the rest of 1,848. Names are our own, two words each.
 */
import { RandomStream } from '@sagitta/core-wasm';

export interface LimitCollection {
  /** Things that a document likes, by number: the first `relevant` documents are those of the queries. */
  readonly documents: readonly Uint32Array[];
  /** Documents that are relevant to some query. */
  readonly relevant: number;
  readonly queries: readonly LimitQuery[];
  /** Names of the things. */
  readonly attributes: readonly string[];
}

export interface LimitQuery {
  readonly attribute: number;
  /** The two documents that like it, ascending. */
  readonly documents: readonly [number, number];
}

export const LIMIT_RELEVANT = 46;
export const LIMIT_QUERIES = 1000;
export const LIMIT_ATTRIBUTES = 1848;
/** Things a document likes at least. */
export const LIMIT_LIKES = 45;

const QUALITIES = (
  'amber ancient arctic autumn blue brass bright broken carved cedar copper coral crimson crystal curved distant early ' +
  'electric evening floating folded frozen golden green hidden hollow humming indigo ivory late layered lunar marble misty ' +
  'northern painted paper quiet silver striped tidal velvet winding woven'
).split(' ');
const THINGS = (
  'almanacs anchors baskets bells bridges candles canoes clocks compasses drums engines ferries fountains gardens gates ' +
  'harbours hats kites ladders lanterns letters looms maps mirrors orchards parasols pianos puppets quilts radios riddles ' +
  'sails sculptures spoons stamps teapots tents towers trains umbrellas violins windmills'
).split(' ');

/** 1,848 names. */
export function attributeNames(): string[] {
  return QUALITIES.flatMap((quality) => THINGS.map((thing) => `${quality} ${thing}`));
}

/** `documents` of them in all, from 46 on. */
export function makeLimit(documents: number, seed = 1): LimitCollection {
  const random = new RandomStream(seed, 'limit');
  const attributes = attributeNames();
  const order = Uint32Array.from(attributes, (_, i) => i);
  random.shuffle(order);
  const asked = order.subarray(0, LIMIT_QUERIES);
  const others = order.slice(LIMIT_QUERIES);
  const pairs: [number, number][] = [];
  for (let a = 0; a < LIMIT_RELEVANT; a++) for (let b = a + 1; b < LIMIT_RELEVANT; b++) pairs.push([a, b]);
  const pairOrder = Uint32Array.from(pairs, (_, i) => i);
  random.shuffle(pairOrder);
  const queries = Array.from(asked, (attribute, q) => ({
    attribute,
    documents: pairs[pairOrder[q] as number] as [number, number],
  }));
  const likes = Array.from({ length: LIMIT_RELEVANT }, (): number[] => []);
  for (const { attribute, documents: both } of queries) for (const i of both) likes[i]?.push(attribute);
  const made = likes.map((own) => [...own, ...draw(random, others, Math.max(0, LIMIT_LIKES - own.length))]);
  while (made.length < documents) made.push(draw(random, others, LIMIT_LIKES));
  const lists = made.map((own) => {
    const list = Uint32Array.from(own);
    random.shuffle(list);
    return list;
  });
  return { documents: lists, relevant: LIMIT_RELEVANT, queries, attributes };
}

/** `count` different numbers of `pool`, whose order changes. */
function draw(random: RandomStream, pool: Uint32Array, count: number): number[] {
  for (let i = 0; i < count; i++) {
    const j = i + random.nextBelow(pool.length - i);
    const kept = pool[i] as number;
    pool[i] = pool[j] as number;
    pool[j] = kept;
  }
  return [...pool.subarray(0, count)];
}

/** A document or a query in words. */
export function likesText({ attributes }: LimitCollection, likes: ArrayLike<number>): string {
  return Array.from(likes, (attribute) => attributes[attribute]).join(', ');
}
