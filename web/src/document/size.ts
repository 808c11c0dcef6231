/** How large a document may be. */

/** A server takes no more unless it is set to, and the page would be slow. */
export const MOST_BYTES = 2 ** 20;

/** A text has more than `MOST_BYTES`. */
export class TooLarge extends Error {}

/** Whether a text has more than `MOST_BYTES`; `text` is only asked for if its length leaves that open. */
export function isTooLarge(length: number, text: () => string): boolean {
  if (length > MOST_BYTES) return true;
  return 3 * length > MOST_BYTES && new TextEncoder().encode(text()).length > MOST_BYTES;
}
