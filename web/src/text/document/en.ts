import settings from './settings.en.ts';

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
    size: (): string =>
      'A document may have at most 1 MiB; this text would be larger. Your draft is as it was.',
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
  settings,
  /** One sentence for each optimizer. */
  optimizers: {
    SGD: 'Steps straight downhill, with momentum if wanted.',
    RMSprop: 'Makes steps even where gradients differ in size.',
    Adam: 'RMSprop with momentum; a good first choice.',
    AdamW: 'Adam that also pulls weights towards zero.',
    Adagrad: 'Steps get smaller where much has been learned.',
    Adadelta: 'Adagrad that forgets; its paper uses a learning rate of 1.',
    Nadam: 'Adam that looks ahead.',
  },
  training: {
    title: 'How it learns',
    sentence:
      'It looks at a batch of samples, compares its answers with the right ones, and turns every weight a little.',
    more: 'More settings',
    files: 'The files it makes',
    byDefault: (value: string): string => `default ${value}`,
    none: 'none',
    chosen: 'chosen for the dataset',
    automatic: 'automatic',
    invalid: 'Not a number',
    changed: (count: number): string => `${count} set`,
    noSchema: (detail: string): string => `The settings could not be loaded: ${detail}`,
  },
  train: {
    button: 'Train',
    sending: 'Sending …',
    toFix: (count: number): string =>
      count === 1 ? 'One thing to fix before it can train.' : `${count} things to fix before it can train.`,
    first: 'Show the first',
    checking: 'Checking …',
    refused: {
      'queue-full': 'The queue is full. Wait until a job is done, then try again.',
      'owner-limit': 'You have as many jobs as this server allows. Wait for one, or delete one in Runs.',
      'disk-full': 'The server’s disk is full. Deleting runs makes room.',
      storage: 'The server cannot store jobs at the moment.',
      offline: 'The server cannot be reached. Nothing is lost; try again.',
    },
  },
  estimate: {
    title: 'Before it runs',
    time: (middle: string): string => `about ${middle}`,
    range: (low: string, high: string): string => `${low} to ${high} in nine of ten cases`,
    basedOn: (jobs: number): string =>
      jobs === 1 ? 'by this server’s last job' : `by this server’s last ${jobs} jobs`,
    untried: 'this server has no finished jobs yet, so this is rough',
    memory: 'memory while it trains',
    files: 'The files',
    orLess: (size: string): string => `or down to ${size}`,
    none: 'Known once everything fits.',
    weights: (count: string): string => `${count} weights`,
    share: (share: string, type: string, number: number): string =>
      `${share} of the weights sit in the ${type} layer (layer ${number}).`,
    more: 'Time runs from building to verifying, without waiting in the queue. Memory is that of the whole worker. Early stopping can make it shorter.',
  },
};
export default document;
