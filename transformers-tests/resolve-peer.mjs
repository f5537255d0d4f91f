// @huggingface/transformers is found in this folder, from wherever it is imported.
import { register } from 'node:module';

const hooks = `export function resolve(specifier, context, next) {
  if (specifier !== '@huggingface/transformers') return next(specifier, context);
  return next(specifier, { ...context, parentURL: ${JSON.stringify(import.meta.url)} });
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
