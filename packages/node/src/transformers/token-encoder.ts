/**
 * Token embeddings of a transformer model as token sets: last_hidden_state, without padding and special tokens, through a
 * linear layer where the model has one beside its graph (ColBERT's), each token scaled to length 1.
 */
import {
  checkInteger,
  checkOptions,
  type OptionTable,
  type TokenSet,
  UnsupportedError,
} from '@sagitta/core-wasm';
import type { QueryTokens } from '@sagitta/retrieval/maxsim';
import { type HiddenStates, type TokenProjection, tokensOfStates } from './hidden-states.ts';
import {
  importTransformers,
  type TransformersLibrary,
  type TransformersModel,
  type TransformersTensor,
  type TransformersTokenizer,
} from './library.ts';

/** Says which model is loaded and what of its tokens is kept. */
export interface TransformerTokenOptions {
  /** Values of the weights, e.g. fp32 (default), fp16, q8: there must be a file of it. */
  readonly dtype?: string;
  /** Takes a name on the hub and downloads it. Default false: the model is a folder. */
  readonly allowDownload?: boolean;
  /** Tokens of a text, special ones included; longer texts are cut. Default: what the tokenizer says. */
  readonly maximumLength?: number;
  /** Keeps [CLS], [SEP] and the like. Default false. */
  readonly keepSpecialTokens?: boolean;
  readonly projection?: TokenProjection;
  /** Texts of one run of the model. Default 16. */
  readonly batchSize?: number;
  /** The library, already imported; default: imported by name. */
  readonly library?: TransformersLibrary;
}

const TRANSFORMER_TOKEN_OPTIONS: OptionTable<TransformerTokenOptions> = {
  dtype: 'string',
  allowDownload: 'boolean',
  maximumLength: 'number',
  keepSpecialTokens: 'boolean',
  projection: 'any',
  batchSize: 'number',
  library: 'any',
};

/**
 * Loads a model and its tokenizer. model — a folder with config.json, tokenizer.json and onnx/model.onnx.
 * @throws UnsupportedError if @huggingface/transformers is not there, its own errors on models that it cannot load
 */
export async function loadTransformerTokens(
  model: string,
  options: TransformerTokenOptions = {},
): Promise<TransformerTokenEncoder> {
  checkOptions('options', options, TRANSFORMER_TOKEN_OPTIONS);
  checkInteger('batchSize', options.batchSize ?? 16, 1, 65_536);
  const library = options.library ?? (await importTransformers());
  const load = { local_files_only: options.allowDownload !== true };
  const tokenizer = await library.AutoTokenizer.from_pretrained(model, load);
  const network = await library.AutoModel.from_pretrained(model, { ...load, dtype: options.dtype ?? 'fp32' });
  return new TransformerTokenEncoder(tokenizer, network, options);
}

/** Encodes texts as token vectors by a transformer model. loadTransformerTokens makes it. */
export class TransformerTokenEncoder {
  readonly #tokenizer: TransformersTokenizer;
  readonly #model: TransformersModel;
  readonly #options: TransformerTokenOptions;
  readonly #special: ReadonlySet<number>;

  constructor(tokenizer: TransformersTokenizer, model: TransformersModel, options: TransformerTokenOptions) {
    this.#tokenizer = tokenizer;
    this.#model = model;
    this.#options = options;
    this.#special = new Set(options.keepSpecialTokens === true ? [] : tokenizer.all_special_ids);
  }

  /** One set a text, in their order; empty where nothing but special tokens is left. */
  async encodeDocuments(texts: readonly string[]): Promise<TokenSet> {
    const { batchSize = 16 } = this.#options;
    const parts: TokenSet[] = [];
    for (let first = 0; first < texts.length; first += batchSize) {
      parts.push(await this.#run(texts.slice(first, first + batchSize)));
    }
    return concatenate(parts);
  }

  /** n is 0 where nothing but special tokens is left. */
  async encodeQuery(text: string): Promise<QueryTokens> {
    const { data, d } = await this.#run([text]);
    return { data, n: data.length / d, d };
  }

  /** Frees the model's memory. */
  async dispose(): Promise<void> {
    await this.#model.dispose();
  }

  async #run(texts: readonly string[]): Promise<TokenSet> {
    const { maximumLength, projection } = this.#options;
    const inputs = await this.#tokenizer([...texts], {
      padding: true,
      truncation: true,
      ...(maximumLength !== undefined && { max_length: maximumLength }),
    });
    const output = await this.#model(inputs);
    const states = hiddenStates(output['last_hidden_state'], texts.length);
    return tokensOfStates(states, this.#kept(inputs, states), projection);
  }

  #kept(inputs: Record<string, TransformersTensor>, { texts, length }: HiddenStates): Uint8Array {
    const ids = inputs['input_ids']?.data;
    const mask = inputs['attention_mask']?.data;
    if (ids?.length !== texts * length || mask?.length !== ids.length) {
      throw new UnsupportedError(
        `the tokenizer expected to give input_ids and attention_mask of ${texts} × ${length}, got ${ids?.length} and ${mask?.length} values`,
      );
    }
    return Uint8Array.from({ length: ids.length }, (_, i) =>
      Number(mask[i]) === 1 && !this.#special.has(Number(ids[i])) ? 1 : 0,
    );
  }
}

function hiddenStates(tensor: TransformersTensor | undefined, texts: number): HiddenStates {
  const [n, length, width] = tensor?.dims ?? [];
  if (tensor === undefined || n !== texts || length === undefined || width === undefined) {
    throw new UnsupportedError(
      `the model expected to give last_hidden_state of ${texts} × tokens × d, got ${tensor === undefined ? 'none' : tensor.dims.join(' × ')}`,
    );
  }
  return { data: Float32Array.from(tensor.data, Number), texts, length, width };
}

function concatenate(parts: readonly TokenSet[]): TokenSet {
  const d = parts[0]?.d ?? 1;
  const n = parts.reduce((sum, part) => sum + part.n, 0);
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  const offsets = new Uint32Array(n + 1);
  let set = 0;
  for (const part of parts) {
    const at = offsets[set] as number;
    data.set(part.data, at * d);
    for (let i = 1; i <= part.n; i++) offsets[set + i] = at + (part.offsets[i] as number);
    set += part.n;
  }
  return { data, offsets, n, d };
}
