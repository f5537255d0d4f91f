// The app in a module worker: a file of its own, as a policy without blob: demands.
import { search } from './search.mjs';

postMessage(search());
