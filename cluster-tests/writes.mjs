// Writes to what is served, by members that are killed: what is acknowledged is found, by everybody, for ever.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { createCore, loadVectorIndexFile } from '@sagitta/node';
import { check, ends, serves, stage, until } from './stage.mjs';

const [D, K] = [32, 10];
const HOW = { nprobe: 16, gamma: 1000 };

/** The same collection in one index, and what both are told. */
async function twins(play) {
  const core = createCore();
  const whole = await loadVectorIndexFile(core, play.wholeFile);
  let state = 77;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const vector = () => Float32Array.from({ length: D }, () => next() - 0.5);
  const id = () => Math.floor(next() * 8200);
  return {
    /** Some ids get new vectors, some are deleted. */
    async write(n) {
      const ids = [...new Set(Array.from({ length: n }, id))];
      const vectors = ids.map(vector);
      whole.upsert({ ids, vectors });
      await play.client.upsert({ ids, vectors });
      const gone = [...new Set(Array.from({ length: n >> 1 }, id))];
      whole.delete(gone);
      return play.client.delete(gone);
    },
    async same(q, how = {}) {
      const query = play.query(q);
      const { after, deadlineMs, ...shared } = how;
      const { ids, scores } = whole.searchIds(query, K, { ...HOW, ...shared });
      const answer = await play.client.search(query, K, { ...HOW, deadlineMs: 5000, ...how });
      check(answer, { ids, scores });
      return answer;
    },
    dispose: () => core.dispose(),
  };
}

export const writeSteps = [
  {
    name: 'writes: read at once, members −9',
    isLong: true,
    async run(world) {
      const play = await stage(world, { isOwn: true });
      const members = [play.member(), play.member()];
      await Promise.all(members.map((member) => serves(member)));
      const both = await twins(play);
      let writes = 0;
      for (; writes < 30; writes++) {
        const after = await both.write(20);
        await both.same(writes * 31, { after });
      }
      await both.same(5, { filter: Array.from({ length: 500 }, (_, i) => i * 16) });
      await both.same(5, { filter: [] });
      members[0].child.kill('SIGKILL');
      const third = play.member();
      for (; writes < 60; writes++) {
        const after = await both.write(20);
        await both.same(writes * 31, { after });
      }
      await serves(third);
      members[1].child.kill('SIGKILL');
      await wait(200);
      // all of it, by one who was not there when it was written
      for (let q = 0; q < 50; q++) await both.same(q * 17);
      await assert.rejects(
        play.client.upsert({ ids: [1, 1], vectors: new Float32Array(2 * D) }),
        /each id once/,
      );
      await assert.rejects(play.client.upsert({ ids: [1], vectors: [Number.NaN] }), RangeError);
      await assert.rejects(play.client.upsert({ ids: [-1], vectors: new Float32Array(D) }), /"ids\[0\]"/);
      await ends(third);
      both.dispose();
      await play.close();
      return `${writes * 2} writes acknowledged, 0 lost`;
    },
  },
  {
    name: 'writes: folded while written and asked',
    async run(world) {
      const play = await stage(world, { isOwn: true });
      const both = await twins(play);
      const member = play.member();
      const worker = play.start(['cluster', 'work']);
      await serves(member);
      for (let i = 0; i < 10; i++) await both.write(30);
      const folding = play.run('fold');
      const seen = new Set();
      let written = 10;
      // a client goes over to a version between two questions: the last answer may be of the one before
      await until(
        async () => {
          const after = await both.write(10);
          seen.add((await both.same((written++ * 13) % 8000, { after })).version);
          return seen.has(2);
        },
        60,
        20,
      );
      const { version } = await folding;
      assert.deepEqual([version, [...seen]], [2, [1, 2]]);
      const { writes, folded, failed } = await play.run('status');
      assert.deepEqual([writes, failed], [2 * written, []]);
      assert.ok(folded >= 20 && folded <= writes);
      const swept = await play.run('sweep', '--keep', 1, '--older-than', 0);
      assert.deepEqual([swept.kept, swept.writes], [[2], folded]);
      // a segment that is folded is a file as any: by a member that has nothing else of it
      const second = play.member(['--cache', `${play.cache}-2`, '--replicas', 3]);
      await serves(second);
      member.child.kill('SIGKILL');
      for (let q = 0; q < 50; q++) await both.same(q * 17);
      // a build that would lose what was written is refused
      const again = play.start(play.buildWords(3));
      assert.equal((await again.done).status, 1);
      assert.match(again.stderr, /"writes" expected the number of the last write that the input has/);
      await ends(second, worker);
      both.dispose();
      await play.close();
      return `${2 * written} writes, ${folded} of them folded`;
    },
  },
];
