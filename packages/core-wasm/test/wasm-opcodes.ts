/**
 * Reads a WebAssembly binary far enough to say which instructions are in it: imports, exports and, by a walk over the
 * code section that skips every immediate exactly, the SIMD opcodes. Node 20 cannot compile the relaxed build, so the
 * engine's own WebAssembly.Module cannot answer this. Encodings: WebAssembly core specification 2.0, section 5.4, and
 * the relaxed SIMD proposal (opcodes 0x100 and up under the prefix 0xfd).
 */

export interface WasmSummary {
  /** "module.name" of each import. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly functionCount: number;
  readonly instructionCount: number;
  /** How often each opcode under the prefix 0xfd occurs; 0x100 and up are relaxed. */
  readonly simdOpcodes: ReadonlyMap<number, number>;
}

const IMPORT_SECTION = 2;
const EXPORT_SECTION = 7;
const CODE_SECTION = 10;
const FIRST_RELAXED = 0x100;

class WasmReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw new Error(`the binary ends inside an item, byte ${this.at}`);
    return this.bytes[this.at++];
  }

  skip(count: number): void {
    this.at += count;
  }

  /** LEB128 of up to 32 bits, unsigned. */
  u32(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  /** Any LEB128, value not needed. */
  skipLeb(): void {
    while (this.byte() >= 128);
  }

  name(): string {
    const length = this.u32();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  limits(): void {
    const flags = this.byte();
    this.skipLeb();
    if (flags & 1) this.skipLeb();
  }
}

export function summarizeWasm(bytes: Uint8Array): WasmSummary {
  const reader = new WasmReader(bytes, 8);
  const imports: string[] = [];
  const exports: string[] = [];
  const simdOpcodes = new Map<number, number>();
  let functionCount = 0;
  let instructionCount = 0;
  while (reader.at < bytes.length) {
    const section = reader.byte();
    const end = reader.u32() + reader.at;
    if (section === IMPORT_SECTION) {
      for (let left = reader.u32(); left > 0; left--) imports.push(readImport(reader));
    } else if (section === EXPORT_SECTION) {
      for (let left = reader.u32(); left > 0; left--) {
        exports.push(reader.name());
        reader.skip(1);
        reader.skipLeb();
      }
    } else if (section === CODE_SECTION) {
      functionCount = reader.u32();
      for (let left = functionCount; left > 0; left--) instructionCount += walkBody(reader, simdOpcodes);
    } else {
      reader.at = end;
    }
    if (reader.at !== end) throw new Error(`section ${section} expected to end at ${end}, got ${reader.at}`);
  }
  return { imports, exports, functionCount, instructionCount, simdOpcodes };
}

/** SIMD instructions in all, and the relaxed ones among them. */
export function countSimd(summary: WasmSummary): { all: number; relaxed: number } {
  let all = 0;
  let relaxed = 0;
  for (const [opcode, count] of summary.simdOpcodes) {
    all += count;
    if (opcode >= FIRST_RELAXED) relaxed += count;
  }
  return { all, relaxed };
}

function readImport(reader: WasmReader): string {
  const name = `${reader.name()}.${reader.name()}`;
  const kind = reader.byte();
  if (kind === 0) reader.skipLeb();
  else if (kind === 1) {
    reader.skip(1);
    reader.limits();
  } else if (kind === 2) reader.limits();
  else reader.skip(2);
  return name;
}

/** Walks one function body to its exact end; returns its number of instructions. */
function walkBody(reader: WasmReader, simdOpcodes: Map<number, number>): number {
  const end = reader.u32() + reader.at;
  for (let groups = reader.u32(); groups > 0; groups--) {
    reader.skipLeb();
    reader.skip(1);
  }
  let count = 0;
  let opcode = 0;
  for (; reader.at < end; count++) {
    opcode = reader.byte();
    if (opcode === 0xfd) {
      const simd = reader.u32();
      simdOpcodes.set(simd, (simdOpcodes.get(simd) ?? 0) + 1);
      skipSimdImmediates(reader, simd);
    } else if (opcode === 0xfc) skipMiscImmediates(reader);
    else skipImmediates(reader, opcode);
  }
  if (reader.at !== end || opcode !== 0x0b)
    throw new Error(`a body expected to end at ${end}, got ${reader.at}`);
  return count;
}

function skipMemoryArgument(reader: WasmReader): void {
  reader.skipLeb(); // alignment
  reader.skipLeb(); // offset
}

/** Opcodes of one byte without immediates; comparisons, arithmetic and conversions (0x45–0xc4) besides. */
const BARE: ReadonlySet<number> = new Set([
  0x00, // unreachable
  0x01, // nop
  0x05, // else
  0x0b, // end
  0x0f, // return
  0x1a, // drop
  0x1b, // select
  0xd1, // ref.is_null
]);

/** Opcodes followed by one LEB128; locals, globals and tables (0x20–0x26) besides. */
const ONE_LEB: ReadonlySet<number> = new Set([
  0x02, // block
  0x03, // loop
  0x04, // if
  0x0c, // br
  0x0d, // br_if
  0x10, // call
  0x3f, // memory.size
  0x40, // memory.grow
  0x41, // i32.const
  0x42, // i64.const
  0xd0, // ref.null
  0xd2, // ref.func
]);

function skipImmediates(reader: WasmReader, opcode: number): void {
  if ((opcode >= 0x45 && opcode <= 0xc4) || BARE.has(opcode)) return;
  if ((opcode >= 0x20 && opcode <= 0x26) || ONE_LEB.has(opcode)) {
    reader.skipLeb();
  } else if (opcode >= 0x28 && opcode <= 0x3e) {
    skipMemoryArgument(reader);
  } else if (opcode === 0x11) {
    skipMemoryArgument(reader); // call_indirect: type, table
  } else if (opcode === 0x0e) {
    for (let left = reader.u32() + 1; left > 0; left--) reader.skipLeb(); // br_table and its default
  } else if (opcode === 0x1c) {
    reader.skip(reader.u32()); // select with types
  } else if (opcode === 0x43) {
    reader.skip(4); // f32.const
  } else if (opcode === 0x44) {
    reader.skip(8); // f64.const
  } else {
    throw new Error(`unknown opcode 0x${opcode.toString(16)} before byte ${reader.at}`);
  }
}

/** Saturating conversions, then bulk memory and tables. */
function skipMiscImmediates(reader: WasmReader): void {
  const opcode = reader.u32();
  if (opcode <= 7) return;
  if (opcode > 17) throw new Error(`unknown opcode 0xfc ${opcode} before byte ${reader.at}`);
  const two = opcode === 8 || opcode === 10 || opcode === 12 || opcode === 14;
  reader.skipLeb();
  if (two) reader.skipLeb();
}

function skipSimdImmediates(reader: WasmReader, opcode: number): void {
  if (opcode <= 11 || (opcode >= 84 && opcode <= 93)) {
    skipMemoryArgument(reader); // loads and stores
    if (opcode >= 84 && opcode <= 91) reader.skip(1); // of one lane
  } else if (opcode === 12 || opcode === 13) {
    reader.skip(16); // v128.const, i8x16.shuffle
  } else if (opcode >= 21 && opcode <= 34) {
    reader.skip(1); // extract_lane, replace_lane
  } else if (opcode > 0x12f) {
    throw new Error(`unknown opcode 0xfd ${opcode} before byte ${reader.at}`);
  }
}
