import { randomOperations } from './random-operations.case.ts';

randomOperations(25_000);
