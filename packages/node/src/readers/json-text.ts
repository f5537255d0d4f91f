/** JSON of strangers: parsed only if it is not nested so deeply that parsing, or whoever walks the value, would run out of stack or memory. */

/** Far above what embeddings and their metadata need. */
const MAX_DEPTH = 100;

/** @param fail makes the error of what is wrong with the text */
export function parseJson(text: string, fail: (what: string) => Error): unknown {
  if (isDeep(text)) throw fail(`expected JSON nested at most ${MAX_DEPTH} deep`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fail(`expected JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A value as an error names it, whatever its size. */
export function describeJson(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function isDeep(text: string): boolean {
  if (!hasManyOpenings(text)) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      // a quote: to the end of the string
      for (at++; at < text.length && text.charCodeAt(at) !== 34; at++) if (text.charCodeAt(at) === 92) at++;
    } else if (code === 91 || code === 123) {
      if (++depth > MAX_DEPTH) return true;
    } else if (code === 93 || code === 125) depth--;
  }
  return false;
}

/** Most lines have a few brackets, and are not walked byte by byte. */
function hasManyOpenings(text: string): boolean {
  let count = 0;
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (++count > MAX_DEPTH) return true;
    }
  }
  return false;
}
