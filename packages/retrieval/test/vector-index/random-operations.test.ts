import { randomOperations } from './random-operations.case.ts';

randomOperations(1500);
