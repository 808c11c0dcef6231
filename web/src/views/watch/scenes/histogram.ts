/** Histograms as drawings: shares of bins between `low` and `high`. */

export interface Bins {
  readonly shares: Float32Array;
  readonly low: number;
  readonly high: number;
}

/** How many weights there are per unit of value, in every bin: bins of different widths can be compared. */
export function densities({ shares, low, high }: Bins): Float32Array {
  const width = (high - low) / shares.length || 1;
  return shares.map((share) => share / width);
}

/** The outline of bins as an SVG path: x from `from` to `to` on `width`, densities up to `top` on `height`. */
export function outline(
  bins: Bins,
  from: number,
  to: number,
  top: number,
  width: number,
  height: number,
): string {
  const x = (value: number): number => (width * (value - from)) / (to - from || 1);
  const step = (bins.high - bins.low) / bins.shares.length;
  const tall = densities(bins);
  let path = `M${x(bins.low).toFixed(2)},${height}`;
  tall.forEach((density, i) => {
    path += `V${(height * (1 - Math.min(1, density / (top || 1)))).toFixed(2)}H${x(bins.low + (i + 1) * step).toFixed(2)}`;
  });
  return `${path}V${height}`;
}

/** The root of the mean square of all values, taken at the middles of their bins: their typical size. */
export function typicalSize({ shares, low, high }: Bins): number {
  const step = (high - low) / shares.length;
  let [sum, all] = [0, 0];
  shares.forEach((share, i) => {
    sum += share * (low + (i + 0.5) * step) ** 2;
    all += share;
  });
  return all ? Math.sqrt(sum / all) : 0;
}
