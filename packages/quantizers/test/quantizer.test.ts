import { quantizerCase } from './quantizer.case.ts';

quantizerCase({ label: 'rabitq 1', options: { name: 'rabitq', bits: 1 }, error: 0.0867 });
quantizerCase({ label: 'rabitq 4 fast', options: { name: 'rabitq', bits: 4 }, error: 0.0117 });
quantizerCase({
  label: 'rabitq 4 optimal',
  options: { name: 'rabitq', bits: 4, mode: 'optimal' },
  error: 0.0101,
});
quantizerCase({ label: 'rabitq 9', options: { name: 'rabitq', bits: 9, mode: 'optimal' }, error: 0.000289 });
quantizerCase({ label: 'pq 1', options: { name: 'pq', bits: 1 }, error: 0.0902, needs: 256 });
quantizerCase({
  label: 'pq 1, 4-bit codes',
  options: { name: 'pq', bits: 1, nbits: 4 },
  error: 0.188,
  needs: 16,
});
quantizerCase({
  label: 'opq 1',
  options: { name: 'opq', bits: 1, iterations: 4 },
  error: 0.0715,
  needs: 256,
});
quantizerCase({ label: 'lvq 4', options: { name: 'lvq', bits: 4 }, error: 0.0151 });
quantizerCase({ label: 'lvq 8', options: { name: 'lvq', bits: 8 }, error: 0.000866 });
quantizerCase({ label: 'lvq 4 × 8', options: { name: 'lvq', bits: 4, secondBits: 8 }, error: 7.57e-5 });
quantizerCase({
  label: 'lvq 4, rotated with ratio',
  options: { name: 'lvq', bits: 4, rotate: true, ratio: true },
  error: 0.00977,
});
quantizerCase({ label: 'int8', options: { name: 'scalar', bits: 8 }, error: 0.00156 });
quantizerCase({ label: 'int4, clipped', options: { name: 'scalar', bits: 4, clip: 0.01 }, error: 0.028 });
quantizerCase({ label: 'binary', options: { name: 'binary' }, error: 0.114 });
quantizerCase({ label: 'turboquant 1', options: { name: 'turboquant', bits: 1 }, error: 0.0897 });
quantizerCase({ label: 'turboquant 4', options: { name: 'turboquant', bits: 4 }, error: 0.0111 });
quantizerCase({
  label: 'turboquant 2, least squares',
  options: { name: 'turboquant', bits: 2, ratio: false },
  error: 0.0655,
});
quantizerCase({ label: 'pca', options: { name: 'pca', bits: 8 }, error: 0.0408 });
quantizerCase({ label: 'fp16', options: { name: 'fp16' }, error: 5.82e-5 });
quantizerCase({ label: 'leanvec', options: { name: 'leanvec', bits: 8 }, error: 0.0408 });
quantizerCase({
  label: 'leanvec over rabitq 4',
  options: { name: 'leanvec', primary: 'rabitq', bits: 4 },
  error: 0.0421,
});
quantizerCase({
  label: 'leanvec over pq',
  options: { name: 'leanvec', primary: 'pq', bits: 4 },
  error: 0.05,
  needs: 256,
});
quantizerCase({
  label: 'leanvec over opq, 4-bit codes',
  options: { name: 'leanvec', primary: 'opq', bits: 1, nbits: 4, iterations: 2 },
  error: 0.107,
  needs: 20,
});
quantizerCase({ label: 'turboquant 3', options: { name: 'turboquant', bits: 3 }, error: 0.0211 });
quantizerCase({
  label: 'turboquant 3 with a sketch',
  options: { name: 'turboquant', bits: 3, sketch: true },
  error: 0.0296,
});
quantizerCase({
  label: 'turboquant 4 with a sketch',
  options: { name: 'turboquant', bits: 4, sketch: true },
  error: 0.0159,
});
quantizerCase({ label: 'latent 1', options: { name: 'latent', bits: 1 }, error: 0.185 });
quantizerCase({ label: 'latent 3', options: { name: 'latent', bits: 3 }, error: 0.0461 });
quantizerCase({ label: 'latent 4', options: { name: 'latent', bits: 4 }, error: 0.0226 });
quantizerCase({ label: 'latent 6', options: { name: 'latent', bits: 6 }, error: 0.0048 });
quantizerCase({ label: 'latent 8', options: { name: 'latent', bits: 8 }, error: 0.000809 });
quantizerCase({ label: 'low-rank-pq', options: { name: 'low-rank-pq', bits: 1 }, error: 0.133, needs: 256 });
quantizerCase({
  label: 'low-rank-pq, 4-bit codes',
  options: { name: 'low-rank-pq', bits: 1, nbits: 4 },
  error: 0.158,
  needs: 16,
});
quantizerCase({
  label: 'lvq 4, 8 means',
  options: { name: 'lvq', bits: 4, means: 8 },
  error: 0.0123,
  needs: 8,
});
quantizerCase({
  label: 'lvq 8 × 8, 3 means, rotated with ratio',
  options: { name: 'lvq', bits: 8, secondBits: 8, means: 3, rotate: true, ratio: true },
  error: 6.36e-6,
  needs: 3,
});
quantizerCase({
  label: 'int8 by vector',
  options: { name: 'scalar', bits: 8, ranges: 'vector' },
  error: 0.00108,
});
quantizerCase({
  label: 'int4 by vector, clipped',
  options: { name: 'scalar', bits: 4, ranges: 'vector', clip: 0.02 },
  error: 0.0433,
});
