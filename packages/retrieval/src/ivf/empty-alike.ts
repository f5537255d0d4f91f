/** Makes empty indexes of codes that were trained elsewhere. */
import { type Core, making } from '@sagitta/core-wasm';
import { ListScan } from '../columns/list-scan.ts';
import { CodeLists } from '../lists/code-lists.ts';
import { secondaryOf } from './build-index.ts';
import { IvfIndex } from './ivf-index.ts';

/**
 * An empty index in lists that codes as `rows` does, which may be a graph; vectors are kept beside the codes. Models are
 * shared, and nothing else.
 */
export function emptyAlike(core: Core, rows: IvfIndex): IvfIndex {
  const { metric, d, centroids, codec, secondary } = rows;
  return making((own) => {
    const second = secondary && own(secondaryOf(core, secondary.codec.quantizer));
    const scan = own(new ListScan(core, codec.quantizer));
    const codes = own(new CodeLists(core, { metric, centroids, codec: scan }));
    const kind = centroids.length === d ? 'flat' : 'ivf';
    const parts = { core, metric, d, kind, centroids, codes, keepVectors: true } as const;
    return new IvfIndex(second ? { ...parts, secondary: second } : parts);
  });
}
