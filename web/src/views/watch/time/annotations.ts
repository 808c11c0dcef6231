/** What is worth a word on the curve. Only what the numbers show, and few of them. */

export interface EpochFacts {
  readonly epoch: number;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly learning_rate: number;
}

const MOST_GROUPS = 60;

export interface Facts {
  readonly epochs: readonly EpochFacts[];
  /** Why the training ended before its last epoch, if it did. */
  readonly stopped?: string | null | undefined;
  /** The epoch, with its fraction, at which the training ended. */
  readonly end?: number | undefined;
  /** Whether early stopping restored the best weights. */
  readonly restored?: boolean | undefined;
  /** Attempts that failed: the epoch, with its fraction, at which each did. */
  readonly interruptions?: readonly { readonly epoch: number; readonly attempt: number }[] | undefined;
}

export type Annotation =
  | { readonly kind: 'fall'; readonly epoch: number; readonly from: number; readonly to: number }
  | { readonly kind: 'overfit'; readonly epoch: number; readonly lowest: number; readonly now: number }
  | { readonly kind: 'rate'; readonly epoch: number; readonly from: number; readonly to: number }
  | { readonly kind: 'stopped'; readonly epoch: number; readonly why: string; readonly restored: boolean }
  | { readonly kind: 'interrupted'; readonly epoch: number; readonly attempt: number };

/** The annotations of a training, in the order of their epochs; at most one fall, and at most three learning rates. */
export function annotationsOf(facts: Facts): Annotation[] {
  const grouped = groups(facts.epochs);
  const found: Annotation[] = [
    ...fall(grouped),
    ...overfitting(grouped),
    ...rates(facts.epochs),
    ...(facts.interruptions ?? []).map((one) => ({ kind: 'interrupted' as const, ...one })),
  ];
  if (facts.stopped && facts.end !== undefined)
    found.push({
      kind: 'stopped',
      epoch: facts.end,
      why: facts.stopped,
      restored: facts.restored ?? false,
    });
  return found.sort((a, b) => a.epoch - b.epoch);
}

/** Many epochs as medians of groups: what one of a thousand epochs does is noise. Each has the number of its last. */
function groups(epochs: readonly EpochFacts[]): readonly EpochFacts[] {
  const size = Math.ceil(epochs.length / MOST_GROUPS);
  if (size < 2) return epochs;
  const names = Object.keys(epochs.at(-1)?.metrics ?? {}).filter((name) => name.endsWith('loss'));
  const found: EpochFacts[] = [];
  for (let start = 0; start < epochs.length; start += size) {
    const group = epochs.slice(start, start + size);
    const metrics = Object.fromEntries(
      names.map((name) => {
        const sorted = group.map((epoch) => epoch.metrics[name] ?? NaN).sort((a, b) => a - b);
        return [name, sorted[sorted.length >> 1]!];
      }),
    );
    found.push({ ...group.at(-1)!, metrics });
  }
  return found;
}

/** Where the loss falls fastest, if that is not the very beginning, where nearly every network learns fastest. */
function fall(epochs: readonly EpochFacts[]): Annotation[] {
  const losses = smoothed(epochs, 'loss');
  const span = Math.max(1, Math.round(losses.length / 20));
  if (losses.length < 12) return [];
  let best = -1;
  let most = 0;
  for (let i = 0; i + span < losses.length; i++) {
    const drop = losses[i]! - losses[i + span]!;
    if (drop > most) [best, most] = [i, drop];
  }
  const whole = losses[0]! - Math.min(...losses.filter(Number.isFinite));
  // Not if it is at the start, a small part of all, or not clearly faster than on average.
  if (best < Math.max(2, span) || most < 0.1 * whole || most < (2 * whole * span) / losses.length) return [];
  return [{ kind: 'fall', epoch: epochs[best + span]!.epoch, from: losses[best]!, to: losses[best + span]! }];
}

/** Where the loss on validation data begins to rise while that on training data falls on. */
function overfitting(epochs: readonly EpochFacts[]): Annotation[] {
  const held = smoothed(epochs, 'val_loss');
  const own = smoothed(epochs, 'loss');
  const last = held.length - 1;
  if (held.length < 6 || held.some((value) => !Number.isFinite(value))) return [];
  const lowest = held.indexOf(Math.min(...held));
  const after = last - lowest;
  if (after < Math.max(3, 0.1 * held.length)) return [];
  const rise = held[last]! - held[lowest]!;
  const isRising = held[lowest]! > 0 ? rise > 0.1 * held[lowest]! : rise > 0;
  if (!isRising || !(own[last]! < own[lowest]!)) return [];
  const near = epochs.slice(Math.max(0, lowest - 1), lowest + 2);
  const raw = (epoch: EpochFacts): number => epoch.metrics['val_loss'] ?? Infinity;
  const best = near.reduce((one, other) => (raw(other) < raw(one) ? other : one));
  return [
    {
      kind: 'overfit',
      epoch: best.epoch,
      lowest: best.metrics['val_loss'] ?? held[lowest]!,
      now: epochs[last]!.metrics['val_loss'] ?? held[last]!,
    },
  ];
}

/** Single changes of the learning rate. A schedule that changes it all the time is in the numbers, not here. */
function rates(epochs: readonly EpochFacts[]): Annotation[] {
  const found: Annotation[] = [];
  for (let i = 1; i < epochs.length; i++) {
    const from = epochs[i - 1]!.learning_rate;
    const to = epochs[i]!.learning_rate;
    if (Math.abs(to - from) > 1e-3 * Math.abs(from))
      found.push({ kind: 'rate', epoch: epochs[i]!.epoch - 1, from, to });
  }
  return found.length <= 3 ? found : [];
}

/** Medians of three, so that one odd epoch is not taken for a change. */
function smoothed(epochs: readonly EpochFacts[], metric: string): number[] {
  const values = epochs.map((epoch) => epoch.metrics[metric] ?? NaN);
  return values.map((value, i) => {
    if (i === 0 || i === values.length - 1) return value;
    return [values[i - 1]!, value, values[i + 1]!].sort((a, b) => a - b)[1]!;
  });
}
