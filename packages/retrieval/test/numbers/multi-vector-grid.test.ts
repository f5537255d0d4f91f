/** Each encoding of tokens with every other pair of kinds of numbers; with every kind in the slow suite. */
import { multiVectorGrid } from './multi-vector-grid.case.ts';

// a pair: metrics alternate from kind to kind
multiVectorGrid((i, e) => ((i >> 1) + e) % 2 === 0);
