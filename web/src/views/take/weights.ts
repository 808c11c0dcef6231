/** Forms of weights in words: `palettized-4` are 4 bits. */

import { t } from '../../text/index.svelte.ts';

const BITS: Record<string, number> = {
  float32: 32,
  float16: 16,
  int8: 8,
  int4: 4,
  'palettized-8': 8,
  'palettized-6': 6,
  'palettized-4': 4,
};

/** `4 bits (palettized-4)`; forms that are no number of bits are named as they are. */
export function weightsName(form: string): string {
  const bits = BITS[form];
  return bits === undefined ? form : t().take.bits(String(bits), form);
}
