const ORDINALS = [
  '',
  'first',
  'second',
  'third',
  'fourth',
  'fifth',
  'sixth',
  'seventh',
  'eighth',
  'ninth',
  'tenth',
];
const layer = (n: number): string => (ORDINALS[n] ? `${ORDINALS[n]} layer` : `layer ${n}`);
const theLayer = (n: number): string => (ORDINALS[n] ? `the ${ORDINALS[n]} layer` : `layer ${n}`);
const neurons = (n: number): string => `${n} ${n === 1 ? 'neuron' : 'neurons'}`;

const scenes = {
  samplesFailed: (why: string) => `The samples could not be loaded: ${why}`,
  more: 'More about this network at this moment',
  index: 'index',
  value: 'value',

  // The plane
  plane: 'The answer, everywhere',
  planeOf: (name: string) => name,
  planeCaption: (right: number, all: number, training: boolean) =>
    `Every place has the colour of the answer there. ${right} of these ${all} ${training ? 'training' : 'test'} points are on the right side.`,
  planeCaptionValues: 'Every place has the colour of the answer there.',
  unitCaption: 'What this neuron computes at every place: blue is positive, orange negative.',
  planeReading: 'Point anywhere to read the answer there.',
  planeLabel: (right: number, all: number) =>
    `Answers over the plane. ${right} of ${all} test points are on the right side. The arrow keys read single points.`,
  planeLabelValues: 'Answers over the plane. The arrow keys read single points.',
  at: (x: string, y: string, answer: string) => `x ${x}, y ${y}: ${answer}`,
  answer: (label: string, percent: string) => `${label} ${percent}`,
  pointHere: (label: string, right: boolean) =>
    `test point of class ${label}, ${right ? 'on the right side' : 'on the wrong side'}`,
  wrong: 'on the wrong side',
  trainPoints: 'Training points',
  planeMore: (cells: number) =>
    `The film has the answers at ${cells} × ${cells} places. Between them the page draws smooth transitions, and the line lies where two answers are equally likely. Whether a point is on the right side is read from these places, so the count can differ a little from the accuracy, which is computed from the points themselves.`,
  columnX: 'x',
  columnY: 'y',
  probabilityOf: (label: string) => `P(${label})`,

  // The network of units
  network: 'What every neuron sees',
  networkShown: (shown: number, all: number) => `What the first ${shown} of ${all} neurons see`,
  straightOne: (first: number): string =>
    first === 1
      ? 'The neuron reacts along one straight direction of the plane. The answer follows from its picture.'
      : `Each of the ${first} neurons reacts along one straight direction of the plane. The answer adds up their pictures.`,
  straightMore: (first: number, rest: string) =>
    `Each of the ${first} neurons of the first layer reacts along one straight direction. ${rest}`,
  mixes: (count: number, from: number, n: number) =>
    `Each of the ${count} of ${theLayer(n)} mixes those ${from} pictures.`,
  networkPlain: (count: number) =>
    `Each square shows what one of ${count} neurons computes over the whole plane.`,
  networkValues: (sample: string) =>
    `Each square shows what a neuron computes for ${sample}; the lines are the weights.`,
  strongest: (from: string, to: string, weight: string) =>
    `The strongest line at this moment goes from ${from} to ${to}: ${weight}.`,
  silent: (count: number, n: number) =>
    `${neurons(count)} of ${theLayer(n)} ${count === 1 ? 'is' : 'are'} 0 everywhere at this moment.`,
  networkMore:
    'A neuron multiplies every input by a weight, adds the products and its bias, and passes the sum through its activation. A line is a weight: blue lines raise what they lead to when the neuron is high, orange lines lower it, and thick lines do so more. Point at a neuron to see it large, with its numbers.',
  legendPositive: 'positive weight',
  legendNegative: 'negative weight',
  legendThick: 'thicker: stronger',
  legendMost: (count: number) => `only the ${count} strongest lines are drawn`,
  units: 'Neurons: the arrow keys go from one to the next, Enter keeps one, Escape releases it',
  layer,
  unit: (index: number, n: number, layers: number) =>
    layers === 1 ? `Neuron ${index}` : `Neuron ${index} of ${theLayer(n)}`,
  unitInside: (index: number, n: number, layers: number) =>
    layers === 1 ? `neuron ${index}` : `neuron ${index} of ${theLayer(n)}`,
  theAnswer: 'the answer',
  theAnswerOf: (label: string) => `the answer “${label}”`,
  toAnswer: (weight: string, rank: number, of: number) =>
    `Its weight to the answer is ${weight}${rank === 1 ? `, the strongest of ${of}` : `, number ${rank} of ${of} by size`}.`,
  toClass: (weight: string, label: string) => `Its strongest weight leads to “${label}”: ${weight}.`,
  toUnit: (weight: string, unit: string) => `Its strongest weight leads to ${unit}: ${weight}.`,
  pushes: (high: string, low: string) => `High values speak for “${high}”, low ones for “${low}”.`,
  fromInputs: (weights: string) => `It weighs ${weights}.`,
  fromUnit: (weight: string, unit: string) => `It listens most to ${unit}: ${weight}.`,
  bias: (value: string) => `Its bias is ${value}.`,
  between: (low: string, high: string) => `Its values lie between ${low} and ${high} here.`,
  zeroOn: (percent: string) => `It is 0 on ${percent} of the plane.`,
  zeroEverywhere: 'It is 0 everywhere at this moment, so it adds nothing to what follows.',
  now: (value: string) => `Its value for this sample is ${value}.`,
  release: 'Show the answer again',
  keep: 'Click to keep it',
  from: 'from',
  to: 'to',
  weight: 'weight',

  // Pictures
  filters: (layerName: string, count: number) => `${count} filters of ${layerName}`,
  filtersCaption: (size: string) =>
    `Each looks for a pattern of ${size} pixels: blue counts for it, orange against.`,
  filtersCaption1: (size: number) =>
    `Each looks for a pattern of ${size} steps: blue counts for it, orange against.`,
  filtersMore: (most: string) =>
    `A filter slides over its whole input and multiplies what lies below it by its numbers. The colours go from −${most} (orange) over 0 to ${most} (blue), the largest size at this moment. With several input channels, a filter is shown as the mean over them. At the beginning filters are random; those that help the network get an edge, a stroke or a spot.`,
  filter: (n: number) => `filter ${n}`,
  row: 'row',
  column: 'column',
  travel: 'What every layer does with one sample',
  travelCaption: (id: number, label: string) =>
    `Test sample ${id}, of class “${label}”, on its way through the network.`,
  travelCaptionValue: (id: number, target: string) =>
    `Test sample ${id}, target ${target}, on its way through the network.`,
  travelMore:
    'Every row is the output of one layer for this sample: maps for pictures, strips for sequences, one square for each neuron otherwise. Blue is positive, orange negative, the paper is 0; each layer has a scale of its own, which stands beside it. A map that stays empty found nothing in this sample.',
  input: 'input',
  map: (n: number) => `map ${n}`,
  maps: (shown: number, height: number, width: number) => `${shown} maps, ${height} × ${width}`,
  neuronsOf: (count: number) => neurons(count),
  overTime: (units: number, steps: number) => `${units} channels over ${steps} steps`,
  channel: (n: number) => `channel ${n}`,
  step: (n: number) => `step ${n}`,
  layerColumn: 'layer',
  probes: (count: number) => `The same ${count} test samples at every moment`,
  probesCaption: (right: number, count: number) =>
    `${right} of ${count} are right at this moment. The bar is the probability of the true class; ✗ marks a wrong answer.`,
  probesMore:
    'These samples of the test set are spread over the classes. The network does not learn from them. Choose one to see all of its probabilities, and how that of its class changed during the training.',
  probe: (id: number, label: string) => `Test sample ${id}, of class ${label}`,
  probeState: (id: number, truth: string, percent: string, answer: string | null) =>
    `Test sample ${id}, ${truth} ${percent}${answer === null ? ', right' : `, wrong: ${answer}`}`,
  probeHistory: (label: string) => `Probability of “${label}” during the training`,
  chooseProbe: 'Choose a sample to see all of its probabilities.',
  sample: 'sample',
  truth: 'true',
  says: 'answer',
  other: (name: string) => `The orange marks are of ${name}.`,
  otherSquares: (name: string) => `The squares are of ${name}.`,
  sampleOf: (id: number, label: string) => `test sample ${id} (${label})`,
  probabilities: 'Probabilities of all classes',
  values: (count: number) => `Answers to ${count} test samples`,
  valuesCaption: (error: string) =>
    `Every dot is a test sample; on the line the answer is exact. On average it is ${error} away at this moment.`,
  predicted: 'answer',
  target: 'target',
  valuesMore:
    'The target goes to the right, the answer of the network up. Dots above the line are answered too high, dots below too low.',

  // Weights
  histograms: 'How the weights are distributed',
  histogramsCaption: (kernels: number) =>
    `Bars: the weights of ${kernels === 1 ? 'the kernel' : `each of the ${kernels} kernels`} at this moment. The line is where they began.`,
  histogramsMore:
    'Weights begin small and random. Training moves those that matter away from 0, so the bars become wider than the line. A kernel that stays like its line has hardly learned; one that spreads very far may be overfitting. Bars and line are drawn to the same height. At most 131,071 weights of a kernel are counted.',
  histogramLabel: (layerName: string, low: string, high: string) =>
    `${layerName}: weights from ${low} to ${high}`,
  moved: (start: string, now: string) => `typical size ${start} → ${now}`,
  kernel: 'kernel',
  binFrom: 'from',
  binTo: 'to',
  shareNow: 'share',
  weights: 'Every weight',
  weightsCaption: (count: string) =>
    `All ${count} weights of these layers: blue is positive, orange negative, stronger colours are larger.`,
  weightsMore:
    'Rows are the inputs of a layer, columns its neurons; long kernels lie on their side. Point at a square to read its weight.',
  weightAt: (input: number, unit: number, value: string) => `input ${input} → neuron ${unit}: ${value}`,
  inputColumn: 'input',
  unitColumn: 'neuron',
};
export default scenes;
