// Import direction: core-wasm ← quantizers ← retrieval ← node | web. Type imports count, and no rule has an exemption.
// Workspace packages resolve to their sources by the private condition, so that cycles across packages are seen too.

/** Packages are crossed by name, through declared exports; tests and benches obey the same direction as sources. */
const forbidden = [
  {
    name: 'no-cycles',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'core-wasm-is-lowest',
    severity: 'error',
    from: { path: '^packages/core-wasm/' },
    to: { path: '^(packages/(quantizers|retrieval|node|web)|benchmarks|tools/(demo|fuzz|web-demo))/' },
  },
  {
    name: 'quantizers-below-retrieval',
    severity: 'error',
    from: { path: '^packages/quantizers/' },
    to: { path: '^(packages/(retrieval|node|web)|benchmarks|tools/(demo|fuzz|web-demo))/' },
  },
  {
    name: 'retrieval-below-platforms',
    severity: 'error',
    from: { path: '^packages/retrieval/' },
    to: { path: '^(packages/(node|web)|benchmarks|tools/(demo|fuzz|web-demo))/' },
  },
  {
    name: 'node-and-web-apart',
    severity: 'error',
    from: { path: '^packages/node/' },
    to: { path: '^(packages/web|benchmarks|tools/(demo|fuzz|web-demo))/' },
  },
  {
    name: 'web-and-node-apart',
    severity: 'error',
    from: { path: '^packages/web/' },
    to: { path: '^(packages/node|benchmarks|tools/(demo|fuzz|web-demo))/' },
  },
  {
    name: 'testing-knows-core-only',
    severity: 'error',
    from: { path: '^tools/testing/' },
    to: { path: '^(packages/(?!core-wasm/)|benchmarks|tools/(demo|fuzz|web-demo))' },
  },
  {
    name: 'sources-without-test-tools',
    severity: 'error',
    from: { path: '^packages/[^/]+/src/' },
    to: { path: '^(tools|benchmarks|packages/[^/]+/(test|bench))/' },
  },
  {
    name: 'assembly-stays-apart',
    comment: 'AssemblyScript is compiled by asc; TypeScript reaches it through the binary only.',
    severity: 'error',
    from: { pathNot: '^packages/core-wasm/assembly/' },
    to: { path: '^packages/core-wasm/assembly/' },
  },
  {
    name: 'no-deep-import',
    comment: 'Only src/index.ts, src/internal.ts and src/<folder>/index.ts can be declared exports.',
    severity: 'error',
    from: { path: '^(packages/[^/]+|tools/[^/]+|benchmarks)/' },
    to: {
      path: '^packages/[^/]+/src/',
      pathNot: [
        '^$1/',
        '^packages/[^/]+/src/(index|internal)\\.ts$',
        '^packages/[^/]+/src/[^/]+/index\\.ts$',
      ],
    },
  },
  {
    name: 'no-relative-import-across',
    severity: 'error',
    from: { path: '^(packages/[^/]+|tools/[^/]+|benchmarks)/' },
    to: { path: '^(packages|tools|benchmarks)/', pathNot: '^$1/', dependencyTypes: ['local'] },
  },
  {
    name: 'no-node-builtins',
    severity: 'error',
    from: { path: '^packages/(core-wasm|quantizers|retrieval|web)/src/' },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'algorithm-folders-apart',
    comment:
      'What two algorithms need moves up into the package; ivf composes lists and graph into the index of rows.',
    severity: 'error',
    from: {
      path: '^packages/(quantizers|retrieval)/src/(pq|rabitq|saq|lvq|leanvec|scalar|turboquant|simvq|lists|graph|maxsim|muvera|bridge|classes|json)/',
    },
    to: {
      path: '^packages/$1/src/(pq|rabitq|saq|lvq|leanvec|scalar|turboquant|simvq|lists|ivf|graph|maxsim|muvera|bridge|classes|json)/',
      pathNot: '^packages/$1/src/$2/',
    },
  },
  {
    name: 'composers-above',
    comment:
      'multi-vector-index composes maxsim and muvera, which never know each other, into one index; no algorithm folder imports it.',
    severity: 'error',
    from: {
      path: '^packages/(quantizers|retrieval)/src/(pq|rabitq|saq|lvq|leanvec|scalar|turboquant|simvq|lists|ivf|graph|maxsim|muvera)/',
    },
    to: { path: '^packages/retrieval/src/multi-vector-index/' },
  },
  {
    name: 'declared-dependencies',
    severity: 'error',
    from: { path: '^packages/[^/]+/src/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'resolvable',
    comment:
      '@huggingface/transformers is an optional peer that only transformers-tests installs: it is 470 MB. ' +
      '@aws-sdk and @nats-io are, and only cluster-tests installs them. ' +
      'runtime-tests installs its own packages when it runs.',
    severity: 'error',
    from: { pathNot: '^(packages/core-wasm/assembly|runtime-tests)/' },
    to: {
      couldNotResolve: true,
      pathNot: ['\\.wasm(\\?module)?$', '^@huggingface/transformers$', '^@(aws-sdk|nats-io)/'],
    },
  },
];

module.exports = {
  forbidden,
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    combinedDependencies: false,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|build|node_modules/(?!@sagitta))/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@sagitta/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.json', '.d.ts'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
