/** The parts of the page, in their order. */

import type { Study } from './study.ts';

export type PartName =
  | 'mistakes'
  | 'classes'
  | 'labels'
  | 'threshold'
  | 'calibration'
  | 'found'
  | 'residuals'
  | 'cost'
  | 'weights';

/** The parts that a run has. */
export function partsOf(
  study: Pick<Study, 'isRegression' | 'isMultiLabel' | 'hasProbabilities' | 'labels'>,
): PartName[] {
  if (study.isMultiLabel) return ['labels', 'threshold', 'cost', 'weights'];
  if (study.isRegression) return ['found', 'residuals', 'cost', 'weights'];
  return [
    'mistakes',
    'classes',
    ...(study.hasProbabilities && study.labels.length === 2 ? (['threshold'] as const) : []),
    ...(study.hasProbabilities ? (['calibration'] as const) : []),
    'cost',
    'weights',
  ];
}
