// The app in a page: posts its answer to the server that the page came from, under its path.
import { search } from './search.mjs';

const outcome = { name: location.pathname };
try {
  outcome.result = search();
} catch (error) {
  outcome.error = `${location.pathname}: ${error}\n${error?.stack}`;
}
await fetch('/result', { method: 'POST', body: JSON.stringify(outcome) });
