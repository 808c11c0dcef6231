import type { Texts } from '../en.ts';

const document: Texts['document'] = {
  title: 'Das Dokument',
  name: 'Das Dokument als JSON',
  either: 'beide Seiten lassen sich bearbeiten',
  leave: 'Tab rückt ein. Escape, dann Tab verlässt den Editor.',
  checked: (ms) => `geprüft in ${ms} ms`,
  checking: 'wird geprüft …',
  notChecked: (detail) => `Nicht geprüft: ${detail}`,
  lines: (lines, count) =>
    `${count === 1 ? 'Zeile' : 'Zeilen'} ${lines.join(', ')}${count > lines.length ? ' …' : ''}`,
  toFix: (count) =>
    count === 0
      ? 'Nichts zu beheben.'
      : count === 1
        ? 'Eine Sache zu beheben.'
        : `${count} Dinge zu beheben.`,
  more: (count) => (count > 0 ? `${count} weitere` : 'Es gibt weitere.'),
  failures: {
    damaged: () => 'Dieser Link ist beschädigt oder abgeschnitten. Der Entwurf ist unverändert.',
    large: () => 'Das Dokument in diesem Link ist größer als 256 KiB. Der Entwurf ist unverändert.',
    example: (name) => `Der Server hat kein Beispiel „${name}“. Der Entwurf ist unverändert.`,
    server: (detail) => `${detail} Der Entwurf ist unverändert.`,
  },
  types: {
    integer: 'eine ganze Zahl',
    number: 'eine Zahl',
    string: 'ein Text in Anführungszeichen',
    boolean: 'true oder false',
    array: 'eine Liste',
    object: 'ein Objekt',
  },
};
export default document;
