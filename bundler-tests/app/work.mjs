// The app as a work module, for runtimes without a page.
import { search } from './search.mjs';

export const run = async () => search();
