/** Scratch of a search in steps: like that of Core.scope, but for as long as the steps go on. */
import { type Block, Owner, type Scope } from '@sagitta/core-wasm';

export class StepScope extends Owner implements Scope {
  reserve(byteLength: number): Block {
    return this.allocate(byteLength);
  }

  /** @throws RangeError once the search is over */
  check(): void {
    this.checkLive('search');
  }
}
