// A search worker that does what it is told besides: closes itself, throws, fills its heap, serves a port.
import '@sagitta/web/search-worker';
import { serveSearch } from '@sagitta/web';

self.addEventListener('message', ({ data }) => {
  if (data.faulty === 'close') self.close();
  if (data.faulty === 'throw') throw new Error('thrown in the worker');
  if (data.faulty === 'serve') serveSearch(data.port);
  if (data.faulty === 'fill heap') {
    const kept = [];
    for (;;) kept.push(new Array(100_000).fill(0).map((_, i) => `${i} ${kept.length}`));
  }
});
