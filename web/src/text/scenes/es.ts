import type { Texts } from '../en.ts';

const ORDINALS = [
  '',
  'primera',
  'segunda',
  'tercera',
  'cuarta',
  'quinta',
  'sexta',
  'séptima',
  'octava',
  'novena',
  'décima',
];
const layer = (n: number): string => (ORDINALS[n] ? `${ORDINALS[n]} capa` : `capa ${n}`);
const theLayer = (n: number): string => `la ${layer(n)}`;
const neurons = (n: number): string => `${n} ${n === 1 ? 'neurona' : 'neuronas'}`;

const scenes: Texts['scenes'] = {
  samplesFailed: (why) => `No se pudieron cargar las muestras: ${why}`,
  more: 'Más sobre esta red en este momento',
  index: 'índice',
  value: 'valor',

  plane: 'La respuesta, en todas partes',
  planeOf: (name) => name,
  planeCaption: (right, all, training) =>
    `Cada lugar tiene el color de la respuesta allí. ${right} de estos ${all} puntos de ${training ? 'entrenamiento' : 'prueba'} están en el lado correcto.`,
  planeCaptionValues: 'Cada lugar tiene el color de la respuesta allí.',
  unitCaption: 'Lo que esta neurona calcula en cada lugar: el azul es positivo, el naranja negativo.',
  planeReading: 'Señalar un lugar para leer la respuesta allí.',
  planeLabel: (right, all) =>
    `Respuestas en el plano. ${right} de ${all} puntos están en el lado correcto. Las flechas leen puntos concretos.`,
  planeLabelValues: 'Respuestas en el plano. Las flechas leen puntos concretos.',
  at: (x, y, answer) => `x ${x}, y ${y}: ${answer}`,
  answer: (label, percent) => `${label} ${percent}`,
  pointHere: (label, right) =>
    `punto de la clase ${label}, ${right ? 'en el lado correcto' : 'en el lado equivocado'}`,
  wrong: 'en el lado equivocado',
  trainPoints: 'Puntos de entrenamiento',
  planeMore: (cells) =>
    `La película tiene las respuestas en ${cells} × ${cells} lugares. Entre ellos la página dibuja transiciones suaves, y la línea está donde dos respuestas son igual de probables. Si un punto está en el lado correcto se lee en estos lugares, así que la cuenta puede diferir un poco de la exactitud, que se calcula con los propios puntos.`,
  columnX: 'x',
  columnY: 'y',
  probabilityOf: (label) => `P(${label})`,

  network: 'Lo que ve cada neurona',
  networkShown: (shown, all) => `Lo que ven las primeras ${shown} de ${all} neuronas`,
  straightOne: (first) =>
    first === 1
      ? 'La neurona reacciona a lo largo de una dirección recta del plano. La respuesta sale de su imagen.'
      : `Cada una de las ${first} neuronas reacciona a lo largo de una dirección recta del plano. La respuesta suma sus imágenes.`,
  straightMore: (first, rest) =>
    `Cada una de las ${first} neuronas de la primera capa reacciona a lo largo de una dirección recta del plano. ${rest}`,
  mixes: (count, from, n) => `Cada una de las ${count} de ${theLayer(n)} mezcla esas ${from} imágenes.`,
  networkPlain: (count) => `Cada cuadrado muestra lo que una de ${count} neuronas calcula en todo el plano.`,
  networkValues: (sample) =>
    `Cada cuadrado muestra lo que una neurona calcula para ${sample}; las líneas son los pesos.`,
  strongest: (from, to, weight) => `La línea más fuerte en este momento va de ${from} a ${to}: ${weight}.`,
  silent: (count, n) =>
    `${neurons(count)} de ${theLayer(n)} ${count === 1 ? 'vale' : 'valen'} 0 en todas partes en este momento.`,
  networkMore:
    'Una neurona multiplica cada entrada por un peso, suma los productos y su sesgo, y pasa la suma por su activación. Una línea es un peso: las azules aumentan aquello a lo que llevan cuando la neurona tiene un valor alto, las naranjas lo reducen, y las gruesas lo hacen más. Señalar una neurona para verla grande, con sus números.',
  legendPositive: 'peso positivo',
  legendNegative: 'peso negativo',
  legendThick: 'más gruesa: más fuerte',
  legendMost: (count) => `solo se dibujan las ${count} líneas más fuertes`,
  units: 'Neuronas: las flechas llevan de una a otra, Intro fija una, Escape la suelta',
  layer,
  unit: (index, n, layers) => (layers === 1 ? `Neurona ${index}` : `Neurona ${index} de ${theLayer(n)}`),
  unitInside: (index, n, layers) =>
    layers === 1 ? `la neurona ${index}` : `la neurona ${index} de ${theLayer(n)}`,
  theAnswer: 'la respuesta',
  theAnswerOf: (label) => `la respuesta «${label}»`,
  toAnswer: (weight, rank, of) =>
    `Su peso hacia la respuesta es ${weight}${rank === 1 ? `, el más fuerte de ${of}` : `, el número ${rank} de ${of} por tamaño`}.`,
  toClass: (weight, label) => `Su peso más fuerte lleva a «${label}»: ${weight}.`,
  toUnit: (weight, unit) => `Su peso más fuerte lleva a ${unit}: ${weight}.`,
  pushes: (high, low) => `Los valores altos hablan a favor de «${high}», los bajos de «${low}».`,
  fromInputs: (weights) => `Pondera ${weights}.`,
  fromUnit: (weight, unit) => `Escucha sobre todo a ${unit}: ${weight}.`,
  bias: (value) => `Su sesgo es ${value}.`,
  between: (low, high) => `Sus valores están aquí entre ${low} y ${high}.`,
  zeroOn: (percent) => `Vale 0 en el ${percent} del plano.`,
  zeroEverywhere: 'Vale 0 en todas partes en este momento, así que no aporta nada a lo que sigue.',
  now: (value) => `Su valor para esta muestra es ${value}.`,
  release: 'Volver a mostrar la respuesta',
  keep: 'Hacer clic para fijarla',
  from: 'de',
  to: 'a',
  weight: 'peso',

  filters: (layerName, count) => `${count} filtros de ${layerName}`,
  filtersCaption: (size) =>
    `Cada uno busca un patrón de ${size} píxeles: el azul cuenta a favor, el naranja en contra.`,
  filtersCaption1: (size) =>
    `Cada uno busca un patrón de ${size} pasos: el azul cuenta a favor, el naranja en contra.`,
  filtersMore: (most) =>
    `Un filtro recorre toda su entrada y multiplica lo que está debajo por sus números. Los colores van de −${most} (naranja) por 0 a ${most} (azul), el mayor tamaño en este momento. Con varios canales de entrada, un filtro se muestra como la media de ellos. Al principio los filtros son aleatorios; los que ayudan a la red se vuelven un borde, un trazo o una mancha.`,
  filter: (n) => `filtro ${n}`,
  row: 'fila',
  column: 'columna',
  travel: 'Lo que cada capa hace con una muestra',
  travelCaption: (id, label) => `Muestra de prueba ${id}, de la clase «${label}», en su camino por la red.`,
  travelCaptionValue: (id, target) =>
    `Muestra de prueba ${id}, con objetivo ${target}, en su camino por la red.`,
  travelMore:
    'Cada fila es la salida de una capa para esta muestra: mapas para imágenes, franjas para secuencias y, si no, un cuadrado por neurona. El azul es positivo, el naranja negativo y el color del papel es 0. Cada capa tiene su propia escala, que está al lado. Un mapa vacío no ha encontrado nada en esta muestra.',
  input: 'entrada',
  map: (n) => `mapa ${n}`,
  maps: (shown, height, width) => `${shown} mapas, ${height} × ${width}`,
  neuronsOf: neurons,
  overTime: (units, steps) => `${units} canales en ${steps} pasos`,
  channel: (n) => `canal ${n}`,
  step: (n) => `paso ${n}`,
  layerColumn: 'capa',
  probes: (count) => `Las mismas ${count} muestras de prueba en cada momento`,
  probesCaption: (right, count) =>
    `${right} de ${count} son correctas en este momento. La barra es la probabilidad de la clase verdadera; ✗ marca una respuesta equivocada.`,
  probesMore:
    'Estas muestras de prueba se reparten entre las clases. La red no aprende de ellas. Elegir una para ver todas sus probabilidades y cómo cambió la de su clase durante el entrenamiento.',
  probe: (id, label) => `Muestra de prueba ${id}, de la clase ${label}`,
  probeState: (id, truth, percent, answer) =>
    `Muestra de prueba ${id}, ${truth} ${percent}${answer === null ? ', correcta' : `, equivocada: ${answer}`}`,
  probeHistory: (label) => `Probabilidad de «${label}» durante el entrenamiento`,
  chooseProbe: 'Elegir una muestra para ver todas sus probabilidades.',
  sample: 'muestra',
  truth: 'verdadera',
  says: 'respuesta',
  other: (name) => `Las marcas naranjas son de ${name}.`,
  otherSquares: (name) => `Los cuadrados son de ${name}.`,
  sampleOf: (id, label) => `la muestra de prueba ${id} (${label})`,
  probabilities: 'Probabilidades de todas las clases',
  values: (count) => `Respuestas a ${count} muestras de prueba`,
  valuesCaption: (error) =>
    `Cada punto es una muestra de prueba; sobre la línea la respuesta es exacta. De media se desvía ${error} en este momento.`,
  predicted: 'respuesta',
  target: 'objetivo',
  valuesMore:
    'Hacia la derecha va el objetivo, hacia arriba la respuesta de la red. Por encima de la línea la respuesta es demasiado alta, por debajo demasiado baja.',

  histograms: 'Cómo se reparten los pesos',
  histogramsCaption: (kernels) =>
    `Barras: los pesos ${kernels === 1 ? 'del núcleo' : `de cada uno de los ${kernels} núcleos`} en este momento. La línea es donde empezaron.`,
  histogramsMore:
    'Los pesos empiezan pequeños y aleatorios. El entrenamiento aleja de 0 los que importan, y las barras se ensanchan más que la línea. Un núcleo que sigue como su línea apenas ha aprendido; uno que se extiende muchísimo puede estar sobreajustado. Barras y línea se dibujan con la misma altura. De un núcleo se cuentan como máximo 131.071 pesos.',
  histogramLabel: (layerName, low, high) => `${layerName}: pesos de ${low} a ${high}`,
  moved: (start, now) => `tamaño típico ${start} → ${now}`,
  kernel: 'núcleo',
  binFrom: 'desde',
  binTo: 'hasta',
  shareNow: 'proporción',
  weights: 'Todos los pesos',
  weightsCaption: (count) =>
    `Los ${count} pesos de estas capas: el azul es positivo, el naranja negativo, y los colores más intensos son mayores.`,
  weightsMore:
    'Las filas son las entradas de una capa, las columnas sus neuronas; los núcleos largos están tumbados. Señalar un cuadrado para leer su peso.',
  weightAt: (input, unit, value) => `entrada ${input} → neurona ${unit}: ${value}`,
  inputColumn: 'entrada',
  unitColumn: 'neurona',
};
export default scenes;
