/** One line of the table: what the reference reaches, what was asked, what this run measured. */

export interface Figure {
  readonly what: string;
  /** The reference's own figure, or an empty string. */
  readonly reference: string;
  readonly asked: string;
  readonly measured: string;
  /** measured against asked: above 1 is better than asked, whichever way the quantity goes. */
  readonly ratio: number | undefined;
}

/** For quantities of which less is better. */
export function atMost(what: string, reference: string, asked: number, measured: number, unit = ''): Figure {
  return {
    what,
    reference,
    asked: `≤ ${show(asked)}${unit}`,
    measured: `${show(measured)}${unit}`,
    ratio: asked / measured,
  };
}

/** For quantities of which more is better. */
export function atLeast(what: string, reference: string, asked: number, measured: number, unit = ''): Figure {
  return {
    what,
    reference,
    asked: `≥ ${show(asked)}${unit}`,
    measured: `${show(measured)}${unit}`,
    ratio: measured / asked,
  };
}

/** Reported beside the others, nothing was asked. */
export function beside(what: string, measured: string): Figure {
  return { what, reference: '', asked: '', measured, ratio: undefined };
}

export function show(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(4)).toString();
}

export function isMet({ ratio }: Figure): boolean {
  return ratio === undefined || ratio >= 1;
}
