/** JSON pointers (RFC 6901). */

export function stepsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function pointerOf(steps: readonly (string | number)[]): string {
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The pointer of the object or list around a value. */
export function around(pointer: string): string {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf('/')));
}

/** A step as a position of at most `last` in a list; null if it is none. */
export function position(step: string, last: number): number | null {
  return /^(0|[1-9]\d{0,8})$/.test(step) && Number(step) <= last ? Number(step) : null;
}

/** Whether a pointer is another one, or below it. */
export function isWithin(pointer: string, holder: string): boolean {
  return pointer === holder || pointer.startsWith(`${holder}/`);
}

type Holder = Readonly<Record<string, unknown>> | readonly unknown[];

export function isHolder(value: unknown): value is Holder {
  return typeof value === 'object' && value !== null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return isHolder(value) && !Array.isArray(value);
}

/** The value at a pointer; undefined if there is none. */
export function valueAt(document: unknown, pointer: string): unknown {
  let here = document;
  for (const step of stepsOf(pointer)) {
    if (Array.isArray(here)) here = position(step, here.length - 1) === null ? undefined : here[Number(step)];
    else here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined;
  }
  return here;
}

/** Whether two JSON values are equal (RFC 6902, section 4.6). */
export function isEqual(one: unknown, other: unknown): boolean {
  if (!isHolder(one) || !isHolder(other)) return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isEqual(Reflect.get(one, key), Reflect.get(other, key)))
  );
}
