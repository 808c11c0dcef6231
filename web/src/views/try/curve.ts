/** A sequence that is drawn as a curve: steps from left to right, one of its features at a time. */

/** A change of the values between two places that a pointer has passed, so that no step is left out. */
export function swept(
  values: Float32Array,
  features: number,
  feature: number,
  from: { step: number; value: number } | null,
  to: { step: number; value: number },
): Float32Array {
  const changed = values.slice();
  const start = from ?? to;
  const [first, last] = start.step <= to.step ? [start, to] : [to, start];
  const steps = values.length / features;
  for (let step = Math.max(0, first.step); step <= Math.min(steps - 1, last.step); step++) {
    const share = last.step === first.step ? 0 : (step - first.step) / (last.step - first.step);
    const value = last.step === first.step ? to.value : first.value + share * (last.value - first.value);
    changed[step * features + feature] = value;
  }
  return changed;
}

/** Points of an SVG polyline, in a box of `width` by `height` with the largest value at the top. */
export function points(
  values: ArrayLike<number>,
  features: number,
  feature: number,
  [low, high]: readonly [number, number],
  width: number,
  height: number,
): string {
  const steps = values.length / features;
  const across = steps > 1 ? width / (steps - 1) : 0;
  return Array.from({ length: steps }, (_, step) => {
    const share = ((values[step * features + feature] ?? 0) - low) / (high - low || 1);
    return `${(step * across).toFixed(1)},${((1 - share) * height).toFixed(1)}`;
  }).join(' ');
}
