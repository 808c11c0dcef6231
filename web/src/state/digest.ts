/** Tells texts apart in what stays in this browser: 53 bits. `crypto.subtle` exists only in secure contexts. */
export function digest(text: string): string {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (const character of text) {
    high = Math.imul(high ^ character.codePointAt(0)!, 2654435761);
    low = Math.imul(low ^ character.codePointAt(0)!, 1597334677);
  }
  return ((high >>> 0) * 2 ** 21 + (low >>> 11)).toString(36);
}
