/** What trainings gave: the model of an input and flags, and the rows that there are. */
import * as v from 'valibot';
import { count, hash, readDocument, type SchemaOf, writeDocument } from './documents.ts';
import { type ObjectStorage, objectBytes } from './object-storage.ts';

/** Says what a training gave. */
export interface Training {
  /** SHA-256 of the model's file, which lies in the storage. */
  readonly model: string;
  /** Rows of the input. */
  readonly rows: number;
}

const TRAINING: SchemaOf<Training> = v.object({ model: hash, rows: count(1) });
/** Where trainings lie. */
export const TRAININGS = 'trainings/';
const keyOf = (id: string): string => `${TRAININGS}${id}.json`;

/** id — trainingId of its job; undefined before it is done. @throws FormatError */
export async function getTraining(storage: ObjectStorage, id: string): Promise<Training | undefined> {
  const bytes = await storage.get(keyOf(id));
  return bytes && readDocument(`${storage.name}/${keyOf(id)}`, TRAINING, bytes);
}

export function putTraining(storage: ObjectStorage, id: string, training: Training): Promise<void> {
  return storage.put(keyOf(id), objectBytes(writeDocument(training)));
}
