/** Each encoding of tokens with every kind of numbers. */
import { multiVectorGrid } from './multi-vector-grid.case.ts';

multiVectorGrid(() => true);
