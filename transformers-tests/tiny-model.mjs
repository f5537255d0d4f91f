// A model as small as one can be, written to a folder: a WordPiece tokenizer of a few words and an ONNX graph that looks
// tokens up in a table. Protocol buffers by hand, from the description of the ONNX format.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'steam', 'boiler', 'garden', 'flower', '##s'];
export const WIDTH = 4;

/** Row of a word in the table: what last_hidden_state is for it. */
export function rowOf(word) {
  const id = WORDS.indexOf(word);
  return Array.from({ length: WIDTH }, (_, j) => ((id * 7 + j * 5) % 11) - 5 || 1);
}

export function writeTinyModel(folder) {
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  const json = (name, value) => writeFileSync(join(folder, name), JSON.stringify(value));
  json('config.json', {
    model_type: 'bert',
    architectures: ['BertModel'],
    hidden_size: WIDTH,
    vocab_size: WORDS.length,
  });
  json('tokenizer_config.json', {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: true,
    model_max_length: 16,
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
  });
  json('tokenizer.json', {
    version: '1.0',
    added_tokens: WORDS.slice(0, 4).map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
    },
  });
  writeFileSync(join(folder, 'onnx', 'model.onnx'), lookupGraph());
}

const INT64 = 7;
const FLOAT = 1;

function varint(value) {
  const out = [];
  for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return [...out, value];
}
const int = (field, value) => [...varint(field * 8), ...varint(value)];
const bytes = (field, value) => [...varint(field * 8 + 2), ...varint(value.length), ...value];
const text = (field, value) => bytes(field, new TextEncoder().encode(value));

function valueInfo(name, type, dims) {
  const shape = dims.flatMap((dim) => bytes(1, typeof dim === 'number' ? int(1, dim) : text(2, dim)));
  return [...text(1, name), ...bytes(2, bytes(1, [...int(1, type), ...bytes(2, shape)]))];
}

/** last_hidden_state = Gather(table, input_ids). */
function lookupGraph() {
  const table = Float32Array.from(WORDS.flatMap(rowOf));
  const node = [
    ...text(1, 'table'),
    ...text(1, 'input_ids'),
    ...text(2, 'last_hidden_state'),
    ...text(4, 'Gather'),
  ];
  const tensor = [
    ...int(1, WORDS.length),
    ...int(1, WIDTH),
    ...int(2, FLOAT),
    ...text(8, 'table'),
    ...bytes(9, new Uint8Array(table.buffer)),
  ];
  const graph = [
    ...bytes(1, node),
    ...text(2, 'lookup'),
    ...bytes(5, tensor),
    ...bytes(11, valueInfo('input_ids', INT64, ['texts', 'tokens'])),
    ...bytes(12, valueInfo('last_hidden_state', FLOAT, ['texts', 'tokens', WIDTH])),
  ];
  return Uint8Array.from([...int(1, 8), ...bytes(7, graph), ...bytes(8, [...text(1, ''), ...int(2, 13)])]);
}
