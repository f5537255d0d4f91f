/** Modules that another realm compiled: Next's edge sandbox compiles outside of the one that the code runs in. */

/**
 * The engine instantiates such a module; the loader's `instanceof` does not know it. Gives it this realm's prototype.
 * @param module - any WebAssembly.Module; kept
 */
export function adoptModule(module: WebAssembly.Module): WebAssembly.Module {
  return module instanceof WebAssembly.Module
    ? module
    : Object.setPrototypeOf(module, WebAssembly.Module.prototype);
}
