/** Every row of expected.json. */
import { describe } from 'vitest';
import { RECALL_ROWS, recallCases } from './recall.case.ts';

describe('recall@k', () => recallCases(RECALL_ROWS));
