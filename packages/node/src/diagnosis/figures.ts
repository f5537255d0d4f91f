/** The figures of a diagnosis as text. */
import type { Diagnosis } from '@sagitta/retrieval/diagnosis';
import { count, percent } from '../cli/text.ts';

/** Names and values of a diagnosis. */
export function figuresOf(of: Diagnosis): (readonly [name: string, value: string])[] {
  const { intrinsic, spectrum, neighbours } = of;
  const dimension = (value: number): string => (value > 15 ? `≥ ${value.toFixed(1)}` : value.toFixed(1));
  return [
    [
      'vectors',
      `${count(of.n)} × ${of.d}: ${count(of.duplicates)} copies, ${of.zeroRows} zero, ${of.longRows} far longer`,
    ],
    [
      'intrinsic dimension',
      `TwoNN ${dimension(intrinsic.twonn)}, MLE ${dimension(intrinsic.mle)}, trees ${dimension(intrinsic.phd)}`,
    ],
    [
      'local dimension',
      `${intrinsic.lid.low.toFixed(1)} · ${intrinsic.lid.median.toFixed(1)} · ${intrinsic.lid.high.toFixed(1)} (5, 50, 95 %)`,
    ],
    [
      'spectrum',
      `participation ratio ${spectrum.participationRatio.toFixed(1)}, effective rank ${spectrum.effectiveRank.toFixed(1)}, 95 % in ${spectrum.dimsFor95} dims, mean ${percent(spectrum.meanShare)}`,
    ],
    [
      'contrast',
      `${neighbours.contrast.toFixed(2)} at the nearest, ${neighbours.contrastAtTen.toFixed(2)} at the tenth`,
    ],
    [
      'hubs',
      `skewness ${neighbours.hubness.toFixed(2)}, the largest in ${count(neighbours.largestHub)} lists of ten, ${percent(neighbours.antiHubs)} in none`,
    ],
    ...(of.queries === undefined
      ? []
      : [
          [
            'queries',
            `${of.queries.outOfDistribution.toFixed(2)} times as far from the nearest as vectors are`,
          ] as const,
        ]),
  ];
}
