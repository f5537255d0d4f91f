import type {} from '../multi-vector-index/index.ts';
