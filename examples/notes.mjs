// 3,000 made-up notes, and vectors of their texts. A stand-in for notes and an embedding model of yours: sentences are
// drawn from six word lists by a seeded stream, and vectors come from latent semantic analysis trained on the first 2,500.
// Nothing is downloaded; every engine makes the same vectors.
import { RandomStream } from '@sagitta/core-wasm';
import { projectRows, trainLsa, trainTfIdf, weighTexts } from '@sagitta/retrieval/text';

const WORDS = {
  garden:
    'tomato seedling compost pruning rose hedge watering frost trellis bulb mulch slug lawn shears greenhouse',
  kitchen:
    'flour dough oven simmer garlic broth skillet recipe pastry yeast roast spice marinade whisk kettle',
  travel:
    'train ticket border hostel passport ferry mountain harbour luggage map museum night-bus island valley trail',
  music:
    'chord rhythm violin rehearsal tempo choir melody piano score concert bass drummer octave tuning encore',
  money:
    'invoice budget tax receipt savings loan interest pension salary insurance refund account deposit rent audit',
  health:
    'sleep doctor stretching pulse vitamin jogging headache dentist allergy posture breathing vaccine ankle diet rest',
};
const VERBS = ['check', 'remember', 'try', 'compare', 'replace', 'ask about', 'write down', 'look for'];
const DAY = 86_400_000;

/** Notes: id, folder, tags, day of the last change, text. */
export const notes = makeNotes(3000);

function makeNotes(n) {
  const random = new RandomStream(1, 'notes');
  const one = (list) => list[random.nextBelow(list.length)];
  const folders = Object.keys(WORDS);
  return Array.from({ length: n }, (_, i) => {
    const folder = one(folders);
    const words = WORDS[folder].split(' ');
    const sentences = Array.from(
      { length: 3 },
      () => `${one(VERBS)} the ${one(words)} and the ${one(words)}.`,
    );
    const mtime = Date.UTC(2024, 0, 1) + random.nextBelow(700) * DAY;
    return { id: `note-${i}`, folder, tags: [one(words)], mtime, text: sentences.join(' ') };
  });
}

const counts = trainTfIdf(notes.slice(0, 2500).map(({ text }) => text));
const model = trainLsa(
  weighTexts(
    counts,
    notes.slice(0, 2500).map(({ text }) => text),
  ),
  { dimension: 64 },
);

/** Dimensions of a vector. */
export const d = model.d;

/** Makes one vector a text, as one array of texts.length × d numbers. */
export const embed = (texts) => projectRows(model, weighTexts(counts, texts));

/** Makes rows of an index of notes. */
export const rowsOf = (some) => ({
  ids: some.map(({ id }) => id),
  vectors: embed(some.map(({ text }) => text)),
  metadata: some,
});

/** Writes hits as one line. */
export const lineOf = (hits) => hits.map(({ id, similarity }) => `${id} ${similarity.toFixed(3)}`).join(', ');
