/** Reads server-sent events (HTML, section 9.2): the texts of those that have arrived completely with each chunk. */
export function eventReader(): (chunk: string) => string[] {
  let rest = '';
  return (chunk) => {
    const events = (rest + chunk).split(/\r?\n\r?\n/);
    rest = events.pop()!;
    return events.flatMap((event) => {
      const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
      return lines.length ? [lines.map((line) => line.replace(/^data: ?/, '')).join('\n')] : [];
    });
  };
}
