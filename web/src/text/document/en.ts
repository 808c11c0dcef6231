const document = {
  title: 'The document',
  name: 'The document as JSON',
  either: 'edit either side',
  leave: 'Tab indents. Escape, then Tab leaves the editor.',
  checked: (ms: string): string => `checked in ${ms} ms`,
  checking: 'checking …',
  notChecked: (detail: string): string => `Not checked: ${detail}`,
  lines: (lines: number[], count: number): string =>
    `${count === 1 ? 'line' : 'lines'} ${lines.join(', ')}${count > lines.length ? ' …' : ''}`,
  toFix: (count: number): string =>
    count === 0 ? 'Nothing to fix.' : count === 1 ? 'One thing to fix.' : `${count} things to fix.`,
  more: (count: number): string => (count > 0 ? `${count} more` : 'There are more.'),
  failures: {
    damaged: (): string => 'This link is damaged or cut off. Your draft is as it was.',
    large: (): string => 'The document in this link is larger than 256 KiB. Your draft is as it was.',
    example: (name: string): string => `The server has no example “${name}”. Your draft is as it was.`,
    server: (detail: string): string => `${detail} Your draft is as it was.`,
  },
  types: {
    integer: 'an integer',
    number: 'a number',
    string: 'text in quotes',
    boolean: 'true or false',
    array: 'a list',
    object: 'an object',
  },
};
export default document;
