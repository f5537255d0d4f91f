// The optional peers of clusters are found in this folder, from wherever they are imported.
import { register } from 'node:module';

const hooks = `export function resolve(specifier, context, next) {
  if (!/^(@aws-sdk|@nats-io)\\//.test(specifier) || context.parentURL?.includes('/node_modules/')) return next(specifier, context);
  return next(specifier, { ...context, parentURL: ${JSON.stringify(import.meta.url)} });
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
