/** Nothing is exported: the benchmarks are run by src/main.ts. */
export {};
