import { accuracyCases } from './accuracy.case.ts';

// the other bits are in the slow suite
accuracyCases([1, 4]);
