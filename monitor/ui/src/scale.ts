/** Here is how numbers become heights of a line, or greys of an image. */

export interface Sight {
  shape: readonly number[];
  values: readonly (number | null)[];
}

/** The numbers of an array as far as they are plain ones; a view token sees none. */
export function sightOf(shape: readonly number[], values: unknown): Sight | null {
  if (!Array.isArray(values) || values.length === 0) return null;
  return { shape, values: values.map((value) => (typeof value === "number" ? value : value === true ? 1 : value === false ? 0 : null)) };
}

/** From 0, the least, to 1, the greatest; a half if all are the same. */
export function scaled(values: readonly (number | null)[]): readonly (number | null)[] {
  const numbers = values.filter((value) => value !== null);
  const [least, greatest] = [Math.min(...numbers), Math.max(...numbers)];
  const span = greatest - least;
  return values.map((value) => (value === null ? null : span > 0 ? (value - least) / span : 0.5));
}

/** The path of a line through them, with a gap where there is no number. */
export function lineThrough(values: readonly (number | null)[], width: number, height: number): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let isDown = false;
  return scaled(values)
    .flatMap((value, at) => {
      const command = isDown ? "L" : "M";
      isDown = value !== null;
      return value === null ? [] : [`${command}${(at * step).toFixed(1)} ${((1 - value) * height).toFixed(1)}`];
    })
    .join("");
}
