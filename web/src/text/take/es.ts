import type { Texts } from '../en.ts';

const take: Texts['take'] = {
  title: (name) => `Archivos de ${name}`,
  summary: 'Es todo lo que necesita el teléfono. Allí funciona sin conexión.',
  parts: {
    phone: 'Para el teléfono',
    tried: (count) =>
      count === 1
        ? 'Otra forma de los pesos que se probó'
        : `Otras ${count} formas de los pesos que se probaron`,
    others: 'Para otros programas',
    record: 'Sobre el entrenamiento',
  },
  triedHelp: 'Se midieron al comprimir, y se entrega otra. Se pueden comparar en «Probar».',
  whats: {
    mlmodel: 'Red neuronal de Core ML, un solo archivo. Añadirlo a un proyecto de Xcode.',
    mlpackage:
      'Programa de Core ML, una carpeta que se descarga como zip. Descomprimirla y añadirla a un proyecto de Xcode.',
    aimodel: 'Modelo de Apple Core AI.',
    variant: 'La misma red con otros pesos.',
    onnx: 'La red para ONNX Runtime, tal como se verificó.',
    keras: 'El modelo entrenado para Keras, en Python.',
    report:
      'El informe: curvas, errores y la película del entrenamiento en una página que no necesita conexión.',
    data: 'Todos los números del informe.',
    spec: 'El documento del que salió esta red. El mismo documento con la misma semilla da la misma red.',
    film: 'La película que muestra «Observar».',
    answers: 'Lo que la red dice de cada muestra de prueba, para «Entender».',
    other: 'Otro archivo de esta ejecución.',
  },
  ios: (version) => `iOS ${version} o posterior`,
  verified: {
    trained: (samples, largest) =>
      `Verificado: en ${samples} muestras, este archivo dice lo que dice la red entrenada. Mayor diferencia: ${largest}.`,
    decompressed: (samples, largest) =>
      `Verificado: en ${samples} muestras, este archivo dice lo que dice la red con estos pesos comprimidos. Mayor diferencia: ${largest}.`,
    translated: (samples, largest) =>
      `Verificado: en ${samples} muestras, este archivo dice lo que dice el archivo de Core ML. Mayor diferencia: ${largest}.`,
  },
  bits: (bits, form) => `${bits} bits (${form})`,
  below: (value) => `menos de ${value}`,
  open: 'Abrir',
  download: 'Descargar',
  checksum: 'Suma de comprobación',
  inside: (count) => (count === 1 ? '1 archivo dentro' : `${count} archivos dentro`),
  package: (zip, folder) => `Al descomprimir ${zip} resulta la carpeta ${folder} con estos archivos:`,
  sha: (name) => `SHA-256 de ${name}`,
  phone: {
    title: 'En el teléfono',
    goal: 'Qué abre el código',
    goals: {
      try: 'Escanear y probar allí',
      take: 'Escanear y abrir esta página',
      file: (name) => `Escanear y descargar ${name}`,
    },
    code: (address) => `Código QR: ${address}`,
    address: 'Dirección del código',
    until: (when) => `El enlace no necesita token. Vale solo para este archivo y termina ${when}.`,
    token: 'Incluir mi token en el código',
    tokenAsked: 'Sin él, el teléfono pide un token.',
    tokenWarning: 'Quien escanee este código puede hacer en este servidor lo mismo que el dueño del token.',
    host: 'Equipo de la dirección',
    loopback:
      'Esta dirección solo vale en este ordenador. Un teléfono de la misma red llega al servidor si se inicia así:',
    loopbackThen: 'Muestra una dirección con un token: abrirla aquí, y el código servirá.',
    command: 'Orden que inicia el servidor para la red',
  },
  code: {
    swift: 'En la aplicación',
    file: 'Archivo',
    vision: 'Swift para este mismo archivo. Vision ajusta la imagen a lo que toma la red.',
    arrays:
      'Swift para este mismo archivo. Los números entran como un array, en el orden del conjunto de datos.',
    columns: 'Swift para este mismo archivo. Los valores sin tratar entran por su nombre, uno por columna.',
    none: 'Este archivo tiene una interfaz para la que aquí no se escribe Swift.',
    commands: 'Con otros programas',
    quickml: 'Línea de órdenes',
  },
};
export default take;
