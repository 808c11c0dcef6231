import type { Texts } from '../en.ts';

const document: Texts['document'] = {
  title: 'El documento',
  name: 'El documento como JSON',
  either: 'se puede editar en ambos lados',
  leave: 'Tab sangra. Escape y luego Tab sale del editor.',
  checked: (ms) => `comprobado en ${ms} ms`,
  checking: 'comprobando …',
  notChecked: (detail) => `Sin comprobar: ${detail}`,
  lines: (lines, count) =>
    `${count === 1 ? 'línea' : 'líneas'} ${lines.join(', ')}${count > lines.length ? ' …' : ''}`,
  toFix: (count) =>
    count === 0
      ? 'Nada que corregir.'
      : count === 1
        ? 'Una cosa por corregir.'
        : `${count} cosas por corregir.`,
  more: (count) => (count > 0 ? `${count} más` : 'Hay más.'),
  failures: {
    damaged: () => 'Este enlace está dañado o cortado. El borrador sigue igual.',
    large: () => 'El documento de este enlace supera los 256 KiB. El borrador sigue igual.',
    example: (name) => `El servidor no tiene el ejemplo «${name}». El borrador sigue igual.`,
    server: (detail) => `${detail} El borrador sigue igual.`,
  },
  types: {
    integer: 'un número entero',
    number: 'un número',
    string: 'un texto entre comillas',
    boolean: 'true o false',
    array: 'una lista',
    object: 'un objeto',
  },
};
export default document;
