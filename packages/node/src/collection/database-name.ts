/** The file that makes a folder a collection. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

export const DATABASE = 'collection.db';

/** Whether there is a collection in a folder. */
export function isCollection(folder: string): Promise<boolean> {
  return stat(join(folder, DATABASE)).then(
    (info) => info.size > 0,
    () => false,
  );
}
