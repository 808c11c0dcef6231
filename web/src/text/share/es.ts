import type { Texts } from '../en.ts';

const share: Texts['share'] = {
  title: 'Compartir',
  build: 'Este enlace lleva todo el documento. Quien lo abra puede cambiar y entrenar una copia.',
  job: 'Este enlace lleva a lo que se ve aquí. Solo sirve en este servidor.',
  address: 'Enlace',
  hide: 'Ocultar a los demás',
  hideHelp: 'Para una clase: cuantas menos partes, más clara la tarea. Oculta, pero no prohíbe.',
  parts: {
    dataset: 'Elección de los datos',
    examples: 'Ejemplos',
    palette: 'Añadir capas',
    training: 'Ajustes del entrenamiento',
    document: 'Documento como texto',
  },
  token: 'Incluir el token propio',
  tokenWarning:
    'Quien tenga este enlace actúa con la misma identidad: entrena, ve y elimina las mismas ejecuciones. Es más seguro un token por persona.',
  send: 'Enviar …',
  qr: 'Código QR del enlace',
  tooLong: 'El enlace es demasiado largo para un código QR.',
  tooLarge: 'El documento supera los 256 KiB: demasiado para un enlace.',
  loopback:
    'Otros dispositivos no pueden abrir esta dirección: significa «este ordenador». Iniciar el servidor para la red y abrir la dirección que muestra:',
};
export default share;
