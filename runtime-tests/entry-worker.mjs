// Entry for workerd: the hashes as the answer to any request.
import { runSmoke } from './smoke.mjs';

export default {
  async fetch() {
    try {
      return Response.json({ hashes: await runSmoke() });
    } catch (error) {
      return Response.json({ error: `${error}\n${error?.stack}` });
    }
  },
};
