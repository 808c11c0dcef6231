/** What the server's estimate says about a training, and where the weights of a network are. */

import type { Schemas } from '../api/client.ts';

export interface Weighty {
  /** Index among the layers of the document; null for one that the server added. */
  readonly index: number | null;
  readonly type: string;
  /** 0 to 1, of all weights. */
  readonly share: number;
}

/** The layer with the most weights, if it has a good part of them and there are others. */
export function weightiest(rows: readonly Schemas['ValidLayer'][], names: readonly string[]): Weighty | null {
  const total = rows.reduce((sum, row) => sum + row.parameters, 0);
  const most = rows.reduce<Schemas['ValidLayer'] | null>(
    (best, row) => (best && best.parameters >= row.parameters ? best : row),
    null,
  );
  const having = rows.filter((row) => row.parameters > 0).length;
  if (!most || having < 2 || most.parameters < total / 2) return null;
  const index = names.indexOf(most.name);
  return { index: index < 0 ? null : index, type: most.type, share: most.parameters / total };
}

export type Unit = 'second' | 'minute' | 'hour' | 'day';

/** A duration as people say it: `[20, 'second']`, `[3, 'minute']`, with at most two digits. */
export function spoken(seconds: number): [number, Unit] {
  const units: [Unit, number, number][] = [
    ['second', 1, 90],
    ['minute', 60, 5400],
    ['hour', 3600, 172800],
    ['day', 86400, Infinity],
  ];
  const [unit, length] = units.find(([, , most]) => seconds < most)!;
  const value = seconds / length;
  if (value >= 10) return [Number(value.toPrecision(2)), unit];
  const rounded = value >= 3 ? Math.round(value) : Math.round(2 * value) / 2;
  return [unit === 'second' ? Math.max(1, Math.round(value)) : rounded, unit];
}
