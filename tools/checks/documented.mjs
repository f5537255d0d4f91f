// Every exported name says what it is, at its declaration: an editor shows nothing else. The first sentence has a verb, or is
// a formula, and does not begin with a preposition. The rule is for declarations; what members are may follow from their names.
import { join, relative } from 'node:path';
import ts from 'typescript';
import { PUBLIC_PACKAGES, packageFolder, ROOT, readManifest, SOURCE_CONDITION } from './packages.mjs';
import { VERBS } from './verbs.mjs';

/** Names whose declaration says nothing, or says it in half a sentence. */
const CEILING = 0;
const PREPOSITIONS = new Set(['of', 'for', 'with', 'by', 'in', 'on', 'at', 'from', 'to']);

export async function documented() {
  const entries = (await Promise.all(PUBLIC_PACKAGES.map(entriesOf))).flat();
  const program = ts.createProgram(entries, await compilerOptions());
  const checker = program.getTypeChecker();
  const seen = new Set();
  const problems = [];
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
    for (const exported of checker.getExportsOfModule(module)) {
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
      const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
      if (seen.has(symbol)) continue;
      seen.add(symbol);
      const problem = problemOf(ts.displayPartsToString(symbol.getDocumentationComment(checker)));
      if (problem) problems.push(`${placeOf(symbol)}: ${exported.name} ${problem}`);
    }
  }
  if (problems.length > CEILING) {
    throw new Error(`${problems.length} of ${seen.size}, the ceiling is ${CEILING}\n${problems.join('\n')}`);
  }
  return `${seen.size} exported names, ${problems.length} without a sentence of their own`;
}

/** Sources of the entries that a package declares. */
async function entriesOf(name) {
  const targets = Object.values((await readManifest(name)).exports);
  const sources = targets.map((target) => target[SOURCE_CONDITION]).filter((source) => source !== undefined);
  return sources.map((source) => join(packageFolder(name), source));
}

async function compilerOptions() {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  return { ...options, customConditions: [SOURCE_CONDITION], noEmit: true };
}

function placeOf({ declarations: [declaration] }) {
  const file = declaration.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(declaration.getStart());
  return `${relative(ROOT, file.fileName)}:${line + 1}`;
}

/** @param {string} text - of the doc comment, without its tags */
function problemOf(text) {
  const [sentence] = text.trim().split(/\.(?=\s|$)/);
  const words = sentence.match(/[\p{L}'’]+/gu) ?? [];
  if (words.length === 0) return 'has no doc comment';
  if (PREPOSITIONS.has(words[0].toLowerCase())) return `begins with "${words[0]}": ${sentence}`;
  // a formula says as much
  if (/[=→←]/.test(sentence)) return undefined;
  if (!words.some((word) => VERBS.has(word.toLowerCase()))) return `has no verb: ${sentence}`;
  return undefined;
}
