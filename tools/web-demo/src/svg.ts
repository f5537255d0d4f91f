/** SVG elements, made without HTML strings. */

const NAMESPACE = 'http://www.w3.org/2000/svg';

type Attributes = Readonly<Record<string, string | number>>;

export function svg(
  name: string,
  attributes: Attributes = {},
  children: readonly (SVGElement | string)[] = [],
): SVGElement {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** A picture with a description for those who do not see it. */
export function picture(
  width: number,
  height: number,
  label: string,
  children: readonly SVGElement[],
): SVGElement {
  return svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label }, children);
}
