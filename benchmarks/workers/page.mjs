// The contest in a browser; the outcome is posted back to the server.
import { SearchClient, ShardedClient } from '@sagitta/web';
import { contest } from './contest.mjs';

const rounds = Number(new URLSearchParams(location.search).get('rounds'));
let result;
try {
  result = { outcomes: await contest({ SearchClient, ShardedClient, rounds }) };
} catch (error) {
  result = { error: `${error}\n${error?.stack}` };
}
await fetch('/result', { method: 'POST', body: JSON.stringify(result) });
