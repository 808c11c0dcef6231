/** Branches that are to be arranged, and how they were. */

import type { Edge } from './network.ts';

export interface Task {
  readonly nodes: readonly { readonly id: number; readonly width: number; readonly height: number }[];
  readonly from: number;
  readonly to: number;
  readonly edges: readonly Edge[];
  readonly down: boolean;
}

export interface Arrangement {
  readonly width: number;
  readonly height: number;
  /** Centres of the boxes. */
  readonly centres: readonly { readonly id: number; readonly x: number; readonly y: number }[];
  /** Where lines come in and go out. */
  readonly start: { readonly x: number; readonly y: number };
  readonly end: { readonly x: number; readonly y: number };
  /** Points that long edges pass between other blocks, in the order of the task's edges. */
  readonly ways: readonly (readonly { readonly x: number; readonly y: number }[])[];
}
