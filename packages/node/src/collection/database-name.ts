/** The file that makes a folder a collection. */
export const DATABASE = 'collection.db';
