/** The sample in the address: `?sample=17`. */
export function chosenSample(query: URLSearchParams, total: number): number | null {
  const text = query.get('sample');
  const id = text ? Number(text) : NaN;
  return Number.isInteger(id) && id >= 0 && id < total ? id : null;
}
