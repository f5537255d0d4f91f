// What tests in browsers print: a line each, and what came of all.

/** @param {string} subject - what is tested, e.g. "web" */
export function reporter(subject) {
  let failed = 0;
  return {
    /** Runs body and prints what it resolves to, or the error. */
    async report(label, body) {
      const start = performance.now();
      let outcome = 'ok  ';
      let detail;
      try {
        detail = await body();
      } catch (error) {
        outcome = 'FAIL';
        detail = error.stack;
        failed++;
      }
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${outcome} ${label.padEnd(42)} ${seconds.padStart(6)} s  ${detail}`);
    },
    /** Prints the last line and sets the exit status. */
    end() {
      console.log(`${subject}: ${failed === 0 ? 'all passed' : `${failed} failed`}`);
      process.exitCode = failed > 0 ? 1 : 0;
    },
  };
}
