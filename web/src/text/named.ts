/** The build leaves the keys of translated texts out: lists become objects with the keys of the English ones again. */
export function named<T>(english: T, translated: T): T {
  return withKeys(english, translated) as T;
}

function withKeys(english: unknown, value: unknown): unknown {
  if (!isObject(english) || typeof value !== 'object' || value === null) return value;
  const entries = Array.isArray(value)
    ? Object.keys(english).map((key, at) => [key, value[at]] as const)
    : Object.entries(value);
  return Object.fromEntries(entries.map(([key, part]) => [key, withKeys(english[key], part)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
