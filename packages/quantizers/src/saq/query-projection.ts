/**
 * The projection of a query in 16-bit integers: half the bytes of float32 and twice the products an instruction. Both the
 * rows of the projection and the centred query become integers by quantizeRows (assembly/project.ts), every run of 32
 * dims at most LONGEST units long. The roundings leave an error of 2e-6·|query| in a coordinate at 784 dims and of
 * 5e-6·|query| at 128, a hundredth of what a code of 8 bits misses. The integers are the same on every engine, and the
 * sums.
 */
import { type Block, type Core, checkFinite, NO_PTR, Owner, type Ptr } from '@sagitta/core-wasm';
import type { SaqModel } from './model.ts';

/** Dims whose products the kernel sums in i32. */
const RUN = 32;
/** Rows of a panel. */
const PANEL = 8;
/** By Cauchy–Schwarz a run's sum is below (LONGEST + 3)² < 2³¹: rounding 32 values adds at most √32/2 < 3 units. */
const LONGEST = 46_336;
/** |row|² below which float32 squares lose the digits that LONGEST relies on: such a row counts as zero. */
const LEAST_ENERGY = 2 ** -120;

/** Projects queries onto the rows of a model's projection; holds those in the core until disposed. */
export class QueryProjection extends Owner {
  readonly #d: number;
  /** d up to a multiple of RUN. */
  readonly #depth: number;
  /** i16, as the kernel projectRows reads it. */
  readonly #panels: Block;
  /** What 1 stands for in each row of the projection. */
  readonly #units: Float32Array;
  /** f32[d], the model's mean. */
  readonly #mean: Block;
  /** f32[PANEL × d], rows of the projection or a query, as they come. */
  readonly #rows: Block;
  /** f32[depth], a row less its origin. */
  readonly #centred: Block;
  /** i16[PANEL × depth], the rows as integers. */
  readonly #integers: Block;
  /** f32[2 × PANEL], their units and |row|². */
  readonly #factors: Block;

  constructor(core: Core, { d, mean, projection }: Pick<SaqModel, 'd' | 'mean' | 'projection'>) {
    super(core);
    const depth = RUN * Math.ceil(d / RUN);
    const kept = projection.length / d;
    this.#d = d;
    this.#depth = depth;
    this.#panels = this.allocate(2 * depth * kept);
    this.#units = new Float32Array(kept);
    this.#mean = this.allocate(4 * d);
    this.#rows = this.allocate(4 * PANEL * d);
    this.#centred = this.allocate(4 * depth);
    this.#integers = this.allocate(2 * PANEL * depth);
    this.#factors = this.allocate(8 * PANEL);
    this.#mean.f32(0, d).set(mean);
    for (let i = 0; i < kept; i += PANEL) {
      this.#units.set(this.#quantize(projection.subarray(i * d, (i + PANEL) * d), NO_PTR), i);
      core.kernels.packPanel(this.#integers.at(), depth, this.#panels.at(2 * depth * i));
    }
  }

  /** Makes integers of rows (at most PANEL × d values) less the origin. Returns what 1 stands for in each, 0 if all is 0. */
  #quantize(rows: Float32Array, origin: Ptr): Float32Array {
    const n = rows.length / this.#d;
    this.#rows.f32(0, rows.length).set(rows);
    this.core.kernels.quantizeRows(
      this.#rows.at(),
      n,
      this.#d,
      origin,
      LONGEST,
      this.#centred.at(),
      this.#integers.at(),
      this.#factors.at(),
      this.#factors.at(4 * PANEL),
    );
    const energies = this.#energies;
    return this.#factors.f32(0, n).map((unit, i) => ((energies[i] as number) < LEAST_ENERGY ? 0 : unit));
  }

  get #energies(): Float32Array {
    return this.#factors.f32(4 * PANEL, PANEL);
  }

  /**
   * Projects a query (d values) less the mean into out, f32[kept].
   * @throws RangeError on NaN, infinities and lengths whose square float32 cannot hold, and leaves out as it was
   */
  apply(query: Float32Array, out: Block): void {
    const [unit = 0] = this.#quantize(query, this.#mean.at());
    const [energy = 0] = this.#energies;
    if (!Number.isFinite(energy)) {
      checkFinite('query', query);
      throw new RangeError(`"query" expected a length up to 2^56, got a squared length of ${energy}`);
    }
    const kept = this.#units.length;
    this.core.kernels.projectRows(this.#integers.at(), 1, this.#depth, this.#panels.at(), kept, out.at());
    const values = out.f32(0, kept);
    for (let i = 0; i < kept; i++) values[i] = (values[i] as number) * (this.#units[i] as number) * unit;
  }
}
