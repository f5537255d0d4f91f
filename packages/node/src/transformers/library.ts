/**
 * The part of @huggingface/transformers (versions 3 and 4) that is used, as types of our own: the library is an optional
 * peer, 470 MB installed, and is imported when an encoder is first loaded.
 */
import { UnsupportedError } from '@sagitta/core-wasm';

/** Describes what is used of a tensor of that library. */
export interface TransformersTensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/** Describes what is used of a tokenizer of that library. */
export interface TransformersTokenizer {
  (
    texts: string[],
    options: { padding: boolean; truncation: boolean; max_length?: number },
  ): Record<string, TransformersTensor> | Promise<Record<string, TransformersTensor>>;
  readonly all_special_ids?: readonly number[];
}

/** Describes what is used of a model of that library. */
export interface TransformersModel {
  (inputs: Record<string, TransformersTensor>): Promise<Record<string, TransformersTensor>>;
  dispose(): Promise<unknown>;
}

/** Says which files of a model are loaded. */
export interface LoadOptions {
  readonly local_files_only: boolean;
  readonly dtype?: string;
}

/** Describes what is used of the library `@huggingface/transformers`. */
export interface TransformersLibrary {
  readonly AutoTokenizer: {
    from_pretrained(model: string, options: LoadOptions): Promise<TransformersTokenizer>;
  };
  readonly AutoModel: { from_pretrained(model: string, options: LoadOptions): Promise<TransformersModel> };
}

const NAME = '@huggingface/transformers';

/** @throws UnsupportedError if the library is not installed, or is none that has these parts */
export async function importTransformers(): Promise<TransformersLibrary> {
  let library: unknown;
  try {
    // written out: a computed name would make the compiler add a helper
    library = await import('@huggingface/transformers');
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new UnsupportedError(
      `${NAME} expected to be installed beside @sagitta/node (npm install ${NAME}), got: ${what}`,
    );
  }
  if (isLibrary(library)) return library;
  throw new UnsupportedError(
    `${NAME} expected AutoTokenizer and AutoModel of version 3 or 4, got a library without them`,
  );
}

function isLibrary(value: unknown): value is TransformersLibrary {
  if (typeof value !== 'object' || value === null) return false;
  return ['AutoTokenizer', 'AutoModel'].every(
    (name) => typeof Reflect.get(value, name)?.from_pretrained === 'function',
  );
}
