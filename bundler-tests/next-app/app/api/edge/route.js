// The app in a route of the edge runtime, which refuses to compile from bytes: the edge-light entry imports a module.
import { search } from '../../../search.mjs';

export const runtime = 'edge';
export const GET = () => new Response(search());
