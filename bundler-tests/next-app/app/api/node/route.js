// The app in a route of the Node.js runtime.
import { search } from '../../../search.mjs';

export const dynamic = 'force-dynamic';
export const GET = () => new Response(search());
