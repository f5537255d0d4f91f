/**
 * Bridges between embedding models: search a collection of one model with queries of another, from a few hundred items that
 * both have embedded.
 *
 * @module
 */
export type { BridgeAdvice } from './advice.ts';
export { type AnchorOptions, selectAnchors } from './anchors.ts';
export { Bridge, type BridgeReport } from './bridge.ts';
export { BRIDGE_METHODS, type BridgeMethod } from './fit.ts';
export { readBridge, writeBridge } from './format.ts';
export type { BridgePairs } from './pairs.ts';
export { type RelativeVectorOptions, relativeVectors } from './relative-vectors.ts';
export { type BridgeOptions, trainBridge } from './train.ts';
export type { BridgeTrial } from './trials.ts';
