/** Opens a collection in a store, or makes one there. */
import { type Core, checkCore, createCore, type Metric, type TokenSet } from '@sagitta/core-wasm';
import type { JsonValue } from '../records/json.ts';
import { saveTextModel } from '../text/text-model.ts';
import type { CollectionParts } from './base-collection.ts';
import { Collection } from './collection.ts';
import { noCollection } from './errors.ts';
import { idsName, isSegmentFile, MANIFEST, type Manifest, MODEL, writeManifest } from './format.ts';
import { Keeper } from './keeper.ts';
import { type Entries, isSameBytes, knownEntries, loadParts, readEntries } from './load-parts.ts';
import { type CollectionOptions, type OpenOptions, type OpenPlan, openPlan } from './options.ts';
import { Parts } from './parts.ts';
import type { RecordKinds } from './record-kind.ts';
import type { Change, CollectionStore } from './store.ts';
import { readModel, Texts } from './texts.ts';
import { TokenCollection } from './token-collection.ts';
import { type TokenCollectionOptions, tokenKinds } from './token-options.ts';
import { vectorKinds } from './vector-options.ts';
import { WriteQueue } from './write-queue.ts';

/**
 * Opens the collection of a store, or makes one; for places of one's own, as openCollection does with a folder.
 * @param openStore - opens the store as the checked options say; it is the collection's from then on, and closed with it, also where opening fails
 * @throws TypeError, RangeError on options that are wrong or differ from what the collection has; FormatError, UnsupportedError on what is damaged or of another
 * version, naming it; LockedError, StorageError
 */
export async function openCollectionIn<M = JsonValue, S extends Metric = Metric>(
  openStore: (plan: OpenPlan) => Promise<CollectionStore>,
  options: CollectionOptions<S>,
): Promise<Collection<M, S>> {
  return openAs<M, Float32Array, Collection<M, S>>(
    vectorKinds,
    openStore,
    options,
    (made) => new Collection<M, S>(made),
  );
}

/** Opens a collection of token sets, or makes one, as openCollectionIn does one of vectors. @throws as openCollectionIn does */
export async function openTokenCollectionIn<M = JsonValue>(
  openStore: (plan: OpenPlan) => Promise<CollectionStore>,
  options: TokenCollectionOptions,
): Promise<TokenCollection<M>> {
  return openAs<M, TokenSet, TokenCollection<M>>(
    tokenKinds,
    openStore,
    options,
    (made) => new TokenCollection<M>(made),
  );
}

/**
 * Opens a collection of records of some kind.
 * @throws as openCollectionIn does
 */
export async function openAs<M, V, C>(
  kinds: RecordKinds<V>,
  openStore: (plan: OpenPlan) => Promise<CollectionStore>,
  options: OpenOptions,
  make: (made: CollectionParts<M, V>) => C,
): Promise<C> {
  const plan = openPlan(options, kinds.options);
  return opening(openStore, plan, async (store, core) => {
    const entries = (await readEntries(store)) ?? (await makeCollection(store, kinds, plan, core));
    const { kind } = entries.manifest;
    if (kind === kinds.name) return make(await openEntries(kinds, store, entries, plan, core));
    throw new RangeError(
      `"${store.argument}" expected a collection of ${kinds.name}, got one of ${kind} in ${store.name}`,
    );
  });
}

/**
 * Opens the collection that is in a store, whatever its records are.
 * @param options - with indexes: fdeIndexes, which token sets in a graph need
 * @throws as openCollectionIn does; RangeError where there is none
 */
export async function openAnyCollectionIn<M = JsonValue>(
  openStore: (plan: OpenPlan) => Promise<CollectionStore>,
  options: OpenOptions & Pick<TokenCollectionOptions, 'indexes'>,
): Promise<Collection<M> | TokenCollection<M>> {
  const { index, ...plan } = openPlan(options, { indexes: 'any' });
  return opening(openStore, { ...plan, index: {} }, async (store, core) => {
    const entries = await knownEntries(store);
    if (entries.manifest.kind === 'tokens') {
      return new TokenCollection<M>(await openEntries(tokenKinds, store, entries, { ...plan, index }, core));
    }
    return new Collection<M>(await openEntries(vectorKinds, store, entries, { ...plan, index: {} }, core));
  });
}

/** Runs body with the store and a core, which are closed where it throws. */
async function opening<T>(
  openStore: (plan: OpenPlan) => Promise<CollectionStore>,
  plan: OpenPlan,
  body: (store: CollectionStore, core: Core) => Promise<T>,
): Promise<T> {
  if (plan.core) checkCore(plan.core);
  const store = await openStore(plan);
  let core: Core | undefined;
  try {
    core = plan.core ?? createCore();
    return await body(store, core);
  } catch (error) {
    if (!plan.core) core?.dispose();
    await store.close();
    throw error;
  }
}

async function openEntries<M, V>(
  kinds: RecordKinds<V>,
  store: CollectionStore,
  entries: Entries,
  plan: OpenPlan,
  core: Core,
): Promise<CollectionParts<M, V>> {
  const kind = await kinds.known(store, entries.manifest.options, plan);
  const texts = await openTexts(store, entries.manifest, plan);
  const parts = new Parts<M, V>(core, kind);
  try {
    return await assemble(store, parts, texts, entries, plan);
  } catch (error) {
    await parts.dispose();
    throw error;
  }
}

async function makeCollection<V>(
  store: CollectionStore,
  kinds: RecordKinds<V>,
  plan: OpenPlan,
  core: Core,
): Promise<Entries> {
  if (!store.isWriter) throw noCollection(store);
  const { textModel } = plan;
  const { saved, changes } = kinds.fresh(plan, core);
  const manifest: Manifest = {
    kind: kinds.name,
    options: saved,
    segments: [],
    folded: 0,
    next: 0,
    made: 0,
    keepsTexts: plan.keepTexts ?? textModel !== undefined,
    hasTextModel: textModel !== undefined,
  };
  const bytes = writeManifest(manifest);
  const all: Change[] = [{ key: MANIFEST, value: bytes.slice() }, ...changes];
  if (textModel) all.push({ key: MODEL, value: saveTextModel(textModel) });
  await store.commit(all);
  return { manifest, bytes, live: [], log: [] };
}

/** @throws RangeError where an option is given that differs; FormatError where the model is damaged */
async function openTexts(
  store: CollectionStore,
  { keepsTexts = false, hasTextModel = false }: Manifest,
  { keepTexts, textModel }: OpenPlan,
): Promise<Texts> {
  const { name } = store;
  if (keepTexts !== undefined && keepTexts !== keepsTexts) {
    throw new RangeError(`"keepTexts" expected ${keepsTexts}, as ${name} has it, got ${keepTexts}`);
  }
  const model = hasTextModel ? await readModel(store) : undefined;
  if (textModel && !(model && isSameBytes(saveTextModel(model), saveTextModel(textModel)))) {
    const what = model ? 'the one it was made with' : 'none';
    throw new RangeError(`"textModel" expected ${what}, as ${name} has it, got another`);
  }
  return new Texts(store, keepsTexts, model);
}

async function assemble<M, V>(
  store: CollectionStore,
  parts: Parts<M, V>,
  texts: Texts,
  entries: Entries,
  plan: OpenPlan,
): Promise<CollectionParts<M, V>> {
  const loaded = await loadWith(store, parts, entries, plan);
  const { damaged, number, manifest, bytes } = loaded;
  const made = { store, parts, texts, isOwnCore: plan.core === undefined, bytes, number, damaged };
  if (!store.isWriter) return { ...made, keeper: undefined, queue: undefined };
  await removeOrphans(store, manifest);
  const keeper = new Keeper<M, V>(store, parts, plan, manifest);
  for (const entry of manifest.segments) {
    if (damaged.some(({ name }) => name === entry.name)) keeper.leftOut.set(entry.name, entry);
  }
  const queue = new WriteQueue<M, V>(parts, texts, store, number, keeper);
  keeper.queue = queue;
  if (damaged.length === 0) keeper.onWritten();
  return { ...made, keeper, queue };
}

/** A reader may come upon files that are removed by the writer: then there is a newer manifest. */
async function loadWith<M, V>(
  store: CollectionStore,
  parts: Parts<M, V>,
  first: Entries,
  { isLenient }: OpenPlan,
): Promise<Awaited<ReturnType<typeof loadParts<M, V>>> & Entries> {
  for (let entries = first; ; ) {
    try {
      return { ...entries, ...(await loadParts<M, V>(store, parts, entries, isLenient)) };
    } catch (error) {
      const newer = await readEntries(store);
      if (!newer || isSameBytes(newer.bytes, entries.bytes)) throw error;
      entries = newer;
    }
  }
}

/** What a process that ended in the midst of a job has left. */
async function removeOrphans(store: CollectionStore, { segments }: Manifest): Promise<void> {
  const kept = new Set(segments.flatMap(({ name }) => [name, idsName(name)]));
  for (const name of await store.fileNames()) {
    if (isSegmentFile(name) && !kept.has(name)) await store.removeFile(name);
  }
}
