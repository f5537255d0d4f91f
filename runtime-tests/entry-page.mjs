// Entry for browsers: runs the work module that it is bundled with and posts the result to the server that the page came from.
import { run } from 'work';

let outcome;
try {
  outcome = {
    result: await run(async (name) => new Uint8Array(await (await fetch(`/input/${name}`)).arrayBuffer())),
  };
} catch (error) {
  outcome = { error: `${error}\n${error?.stack}` };
}
document.title = 'done';
await fetch('/result', { method: 'POST', body: JSON.stringify(outcome) });
