/** sagitta bridge: search a collection of one embedding model with queries of another. */
import type { Command } from 'commander';
import type { CommandIo } from '../io.ts';
import { addBridgeAnchorsCommand } from './anchors.ts';
import { addBridgeFitCommand } from './fit.ts';
import { addBridgeMapCommand } from './map.ts';

export function addBridgeCommand(program: Command, io: CommandIo): void {
  const group = program
    .command('bridge')
    .summary('from one embedding model to another: anchors, fit, map')
    .description(
      'Searches a collection of one embedding model with queries of another, from a few hundred items that both embedded. ' +
        '`anchors` says which to embed, `fit` makes the bridge, `search --bridge` uses it.',
    );
  addBridgeAnchorsCommand(group, io);
  addBridgeFitCommand(group, io);
  addBridgeMapCommand(group, io);
}
