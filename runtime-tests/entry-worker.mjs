// Entry for workerd: runs the work module that it is bundled with; the result is the answer to any request.
import { run } from 'work';

/** Inputs are data modules of the configuration. Named in a variable, so that the bundler leaves the import alone. */
async function input(name) {
  const specifier = `./${name}`;
  return new Uint8Array((await import(specifier)).default);
}

export default {
  async fetch() {
    try {
      return Response.json({ result: await run(input) });
    } catch (error) {
      return Response.json({ error: `${error}\n${error?.stack}` });
    }
  },
};
