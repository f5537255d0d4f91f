/** Decimal numbers in texts. */

/** The number that a field holds, or NaN: empty fields, words and other bases are none. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (value === 0 && text.trim() === '') return Number.NaN;
  // Number takes 0x1f, 0b1 and 0o7
  return Number.isFinite(value) && /[xob]/i.test(text) ? Number.NaN : value;
}

/** What an error shows of a field. */
export function describeField(text: string): string {
  return text.length > 40 ? `"${text.slice(0, 40)}…"` : `"${text}"`;
}
