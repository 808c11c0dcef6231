/** Keras' activations as functions, to draw them. Formulas: https://keras.io/api/layers/activations/ */

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Error function (Abramowitz and Stegun 7.1.26, error below 1.5e-7). */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}

const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };

export const ACTIVATIONS: Readonly<Record<string, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  leaky_relu: (x) => (x < 0 ? 0.2 * x : x),
  elu: (x) => (x < 0 ? Math.expm1(x) : x),
  selu: (x) => SELU.scale * (x < 0 ? SELU.alpha * Math.expm1(x) : x),
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  gelu_approximate: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x) => x * sigmoid(x),
  softplus: (x) => Math.log1p(Math.exp(x)),
  softsign: (x) => x / (1 + Math.abs(x)),
  tanh: Math.tanh,
  sigmoid,
  hard_sigmoid: (x) => Math.min(1, Math.max(0, x / 6 + 0.5)),
  exponential: Math.exp,
};

/** Ranges in which the shape of the function is seen; -4 to 4 for others. */
const DOMAINS: Readonly<Record<string, readonly [number, number]>> = {
  relu6: [-4, 10],
  exponential: [-4, 2],
  softsign: [-6, 6],
  sigmoid: [-6, 6],
  hard_sigmoid: [-5, 5],
};

/** The curve of an activation within a picture; null for one without a formula of a single number. */
export function curve(name: string, width: number, height: number): string | null {
  if (name === 'softmax') return steps(width, height);
  const formula = ACTIVATIONS[name];
  if (!formula) return null;
  const [low, high] = DOMAINS[name] ?? [-4, 4];
  const count = 40;
  const xs = Array.from({ length: count + 1 }, (_, at) => low + ((high - low) * at) / count);
  const ys = xs.map(formula);
  const [bottom, top] = [Math.min(...ys), Math.max(...ys)];
  const x = (value: number): string => (((value - low) / (high - low)) * width).toFixed(1);
  const y = (value: number): string => (height - ((value - bottom) / (top - bottom)) * height).toFixed(1);
  return xs.map((value, at) => `${at ? 'L' : 'M'}${x(value)} ${y(ys[at]!)}`).join('');
}

/** Softmax makes shares of several numbers: bars that add up to one. */
function steps(width: number, height: number): string {
  const shares = [0.12, 0.62, 0.26, 0.06];
  const step = width / shares.length;
  return shares
    .map((share, at) => {
      const x = step * (at + 0.5);
      return `M${x.toFixed(1)} ${height}V${(height - (share / 0.62) * height).toFixed(1)}`;
    })
    .join('');
}
