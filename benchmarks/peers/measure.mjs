// Builds each contender, one after the other; then all answer in turns: without a filter at every setting, under filters, in batches.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Contender } from './contender.mjs';
import { BELOWS, countHits, K } from './sets.mjs';

/** Queries of a turn, and the milliseconds after which it ends. */
const TURN = { most: 100, ms: 200 };
const BATCH = 100;
const WANTED_RECALL = 0.95;
const SLACK = 0.005;

/**
 * Builds, saves, and opens in another process; what saves nothing answers in the process that built it. Figures of a build that lies
 * in `folder` are taken from there.
 */
export async function buildContender({ module, variant }, set, { folder, limit }) {
  const place = join(folder, module.name, variant.name.replaceAll(/\W+/g, '-'));
  const saved = join(place, 'index');
  const record = join(place, 'build.json');
  mkdirSync(place, { recursive: true });
  if (module.saves && existsSync(record)) return { figures: JSON.parse(readFileSync(record, 'utf8')), saved };
  const contender = new Contender(module.name, variant.name);
  try {
    await contender.ask('start', { set });
    const figures = await contender.build({ folder: saved }, set.n, limit);
    const bytes = existsSync(saved) ? bytesOf(saved) : undefined;
    const all = { ...figures, ...(bytes !== undefined && { bytesPerVector: bytes / set.n }) };
    if (module.saves && figures.saveError === undefined) {
      writeFileSync(record, JSON.stringify(all));
      await contender.ask('close').catch(() => {});
      return { figures: all, saved };
    }
    return { figures: all, saved, contender };
  } catch (error) {
    contender.kill();
    throw error;
  }
}

function bytesOf(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

/** Opens it, in a process of its own where it saved anything, and puts it on one core. */
export async function openContender(entry, set) {
  const { module, variant, built } = entry;
  const contender = built.contender ?? new Contender(module.name, variant.name);
  if (built.contender === undefined) await contender.ask('start', { set });
  const { ms, megabytes, canBatch } = await contender.ask('open', { folder: built.saved });
  const isPinned = contender.runOn(1);
  return {
    contender,
    figures: { ...(built.contender === undefined && { openMs: ms }), megabytes, canBatch, isPinned },
  };
}

/**
 * Rounds in which every contender answers a turn of queries at each of its settings. The first round warms up. Speed is the median of
 * turns. `onFailure` is told of a contender whose process or answers fail; the others go on.
 */
export async function takeTurns(entries, set, truth, { rounds, below, settingsOf, onFailure }) {
  const points = new Map(
    entries.map((entry) => [
      entry,
      settingsOf(entry).map((s) => ({ setting: s, hits: 0, asked: 0, speeds: [] })),
    ]),
  );
  for (let round = 0; round <= rounds; round++) {
    for (const [entry, own] of points) {
      try {
        for (const point of own) {
          const first = point.asked % set.nq;
          const { ms, ids } = await entry.contender.ask('turn', {
            setting: point.setting,
            first,
            k: K,
            below,
            ...TURN,
          });
          point.hits += countHits(ids, first, set, truth(entry.module.metric, below), below);
          point.asked += ids.length;
          if (round > 0) point.speeds.push((1000 * ids.length) / ms);
        }
      } catch (error) {
        points.delete(entry);
        onFailure(entry, error);
      }
    }
  }
  return new Map(
    [...points].map(([entry, own]) => [
      entry,
      own.map(({ setting, hits, asked, speeds }) => ({
        setting: entry.variant.settings[setting].name,
        recall: hits / (asked * K),
        qps: median(speeds),
        asked,
      })),
    ]),
  );
}

/** Batches on all cores, in turns. */
export async function takeBatches(entries, set, truth, { rounds, settingOf, onFailure }) {
  const speeds = new Map(entries.map((entry) => [entry, []]));
  for (const entry of entries) entry.contender.runOn('all');
  for (let round = 0; round <= rounds; round++) {
    for (const [entry, own] of speeds) {
      try {
        const { ms, ids } = await entry.contender.ask('batch', {
          setting: settingOf(entry),
          count: Math.min(BATCH, set.nq),
          k: K,
        });
        countHits(ids, 0, set, truth(entry.module.metric));
        if (round > 0) own.push((1000 * ids.length) / ms);
      } catch (error) {
        speeds.delete(entry);
        onFailure(entry, error);
      }
    }
  }
  return new Map([...speeds].map(([entry, own]) => [entry, median(own)]));
}

/** The recall that is enough: .95, or, where no setting finds that, all but .005 of what the best finds. */
export function enoughRecall(points) {
  return Math.min(WANTED_RECALL, Math.max(...points.map(({ recall }) => recall)) - SLACK);
}

/** The number of the setting that filters and batches are asked at: the first that finds enough. */
export function usualSetting(points) {
  const enough = enoughRecall(points);
  return points.findIndex(({ recall }) => recall >= enough);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length % 2 === 1
    ? sorted[sorted.length >> 1]
    : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
}

export const FILTERS = BELOWS.slice(1);
