// The root is the folder where the tools are installed: without it Next guesses from lockfiles further up.
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export default { outputFileTracingRoot: root, turbopack: { root } };
