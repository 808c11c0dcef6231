/** The dataset of a job, as its document names it. */

/** A dataset as a document names it. */
export interface DatasetChoice {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The dataset of a document: `"dataset": "spirals"`, or an object with its name and options. */
export function datasetOf(document: Readonly<Record<string, unknown>> | null): DatasetChoice | null {
  const model = document?.['model'];
  const inner =
    typeof model === 'object' && model !== null ? (model as Record<string, unknown>)['dataset'] : undefined;
  const found = document?.['dataset'] ?? inner;
  if (typeof found === 'string') return { name: found, options: {} };
  if (typeof found !== 'object' || found === null) return null;
  const { name, ...options } = found as Record<string, unknown>;
  return typeof name === 'string' ? { name, options } : null;
}

/** Options as parameters of an address. */
export function query(options: Readonly<Record<string, unknown>>): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(options))
    if (value !== null && value !== undefined)
      parameters.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  return parameters;
}
