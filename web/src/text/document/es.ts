import type { Texts } from '../en.ts';
import settings from './settings.es.ts';

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
    size: () =>
      'Un documento puede tener como máximo 1 MiB; este texto sería más grande. El borrador sigue igual.',
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
  settings,
  optimizers: {
    SGD: 'Va directo cuesta abajo, con impulso si se quiere.',
    RMSprop: 'Iguala los pasos donde los gradientes difieren de tamaño.',
    Adam: 'RMSprop con impulso; una buena primera elección.',
    AdamW: 'Adam que además acerca los pesos a cero.',
    Adagrad: 'Los pasos se reducen donde ya se ha aprendido mucho.',
    Adadelta: 'Adagrad que olvida; su artículo usa una tasa de 1.',
    Nadam: 'Adam que mira hacia delante.',
  },
  training: {
    title: 'Cómo aprende',
    sentence: 'Mira un lote de muestras, compara sus respuestas con las correctas y gira un poco cada peso.',
    more: 'Más ajustes',
    files: 'Los archivos que crea',
    byDefault: (value) => `si no, ${value}`,
    none: 'ninguno',
    chosen: 'según el conjunto de datos',
    automatic: 'automático',
    invalid: 'No es un número',
    changed: (count) => `${count} fijados`,
    noSchema: (detail) => `No se pudieron cargar los ajustes: ${detail}`,
  },
  train: {
    button: 'Entrenar',
    sending: 'Enviando …',
    toFix: (count) =>
      count === 1
        ? 'Hay una cosa por corregir antes de entrenar.'
        : `Hay ${count} cosas por corregir antes de entrenar.`,
    first: 'Mostrar la primera',
    checking: 'Comprobando …',
    refused: {
      'queue-full': 'La cola está llena. Esperar a que termine un trabajo e intentarlo de nuevo.',
      'owner-limit': 'Este servidor no permite más trabajos. Esperar a uno, o eliminar uno en Ejecuciones.',
      'disk-full': 'El disco del servidor está lleno. Eliminar ejecuciones libera espacio.',
      storage: 'El servidor no puede guardar trabajos en este momento.',
      offline: 'No se puede contactar con el servidor. No se ha perdido nada; intentarlo de nuevo.',
    },
  },
  estimate: {
    title: 'Antes de empezar',
    time: (middle) => `unos ${middle}`,
    range: (low, high) => `de ${low} a ${high} en nueve de cada diez casos`,
    basedOn: (jobs) =>
      jobs === 1
        ? 'según el último trabajo de este servidor'
        : `según los últimos ${jobs} trabajos de este servidor`,
    untried: 'este servidor aún no ha terminado ningún trabajo, así que es aproximado',
    memory: 'memoria al entrenar',
    files: 'Los archivos',
    orLess: (size) => `o hasta ${size}`,
    none: 'Se sabrá cuando todo encaje.',
    weights: (count) => `${count} pesos`,
    share: (share, type, number) => `El ${share} de los pesos está en la capa ${type} (capa ${number}).`,
    more: 'El tiempo va desde construir hasta verificar, sin la espera en la cola. La memoria es la de todo el proceso. Parar antes puede acortarlo.',
  },
};
export default document;
