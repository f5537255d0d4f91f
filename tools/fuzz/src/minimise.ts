/** A failing case made small: fewer mutations, then fewer bytes that differ from the file it came from. */
import { isContainer, repairChecksums } from '@sagitta/testing';
import { bytesOfCase, type Case } from './cases.ts';

/** Trials of one case, each a run of the reader. */
const MOST_TRIALS = 120;

/** isFailing — whether these bytes still end in the same way. */
export async function minimise(
  failing: Case,
  isFailing: (bytes: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let trials = 0;
  const fails = async (bytes: Uint8Array): Promise<boolean> =>
    trials++ < MOST_TRIALS && (await isFailing(bytes));
  let kept = failing;
  for (let i = kept.mutated.mutations.length - 1; i >= 0; i--) {
    const mutations = kept.mutated.mutations.filter((_, at) => at !== i);
    const smaller = { ...kept, mutated: { ...kept.mutated, mutations } };
    if (mutations.length > 0 && (await fails(bytesOfCase(smaller)))) kept = smaller;
  }
  return restore(bytesOfCase(kept), kept.file.bytes, fails);
}

/** Gives runs of bytes back what they were in the file, halving the runs, while the case still fails. */
async function restore(
  bytes: Uint8Array,
  file: Uint8Array,
  fails: (bytes: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  if (bytes.length !== file.length) return bytes;
  let out = bytes;
  let differing = [...out.keys()].filter((at) => out[at] !== file[at]);
  for (
    let size = Math.ceil(differing.length / 2);
    size >= 1 && differing.length > 1;
    size = Math.floor(size / 2)
  ) {
    for (let from = 0; from < differing.length; from += size) {
      const run = differing.slice(from, from + size);
      const trial = out.slice();
      for (const at of run) trial[at] = file[at] as number;
      if (isContainer(trial)) repairChecksums(trial);
      if (run.length === differing.length || !(await fails(trial))) continue;
      out = trial;
      differing = differing.filter((at) => !run.includes(at));
      from -= size;
    }
  }
  return out;
}
