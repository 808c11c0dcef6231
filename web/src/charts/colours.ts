/** Colours of data as pixels: orange for class 0, low or negative, blue for class 1, high or positive; others by class. */

export type Rgb = readonly [number, number, number];

/** The colours of one scheme, as the tokens of `styles/tokens.css` have them. */
export interface Palette {
  readonly orange: Rgb;
  readonly mid: Rgb;
  readonly blue: Rgb;
  readonly ink: Rgb;
  readonly paper: Rgb;
  /** Of classes, in their order. */
  readonly classes: readonly Rgb[];
}

const hex = (text: string): Rgb =>
  [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) as unknown as Rgb;
const all = (texts: string): Rgb[] => texts.split(' ').map(hex);

export const LIGHT: Palette = {
  orange: hex('#e8833a'),
  mid: hex('#fcfcfa'),
  blue: hex('#3558d4'),
  ink: hex('#1a1c21'),
  paper: hex('#fcfcfa'),
  classes: all('#e8833a #3558d4 #4f9c74 #b2507f #8d6bd0 #b8973a #3c97ad #cf5a4a #6f7683 #7fa43d'),
};
export const DARK: Palette = {
  orange: hex('#d67c37'),
  mid: hex('#16181c'),
  blue: hex('#4f6fe6'),
  ink: hex('#eceae4'),
  paper: hex('#16181c'),
  classes: all('#d67c37 #4f6fe6 #66b58c #d0729d #a58be6 #cdb15c #57b3c9 #e27b6c #959ba6 #9bc255'),
};

export const css = ([r, g, b]: Rgb): string => `rgb(${r} ${g} ${b})`;

/** The colour between orange (-1), the paper's (0) and blue (1); outside it stays at the ends. */
export function diverging(palette: Palette, value: number): Rgb {
  const end = value < 0 ? palette.orange : palette.blue;
  return mixed(palette.mid, end, Math.min(1, Math.abs(value)));
}

/** `share` of `to`, the rest of `from`. */
export function mixed(from: Rgb, to: Rgb, share: number): Rgb {
  const between = (i: 0 | 1 | 2): number => Math.round(from[i] + (to[i] - from[i]) * share);
  return [between(0), between(1), between(2)];
}
