import type { Texts } from '../en.ts';

const ORDINALS = [
  '',
  'ersten',
  'zweiten',
  'dritten',
  'vierten',
  'fünften',
  'sechsten',
  'siebten',
  'achten',
  'neunten',
  'zehnten',
];
const NOMINATIVE = [
  '',
  'erste',
  'zweite',
  'dritte',
  'vierte',
  'fünfte',
  'sechste',
  'siebte',
  'achte',
  'neunte',
  'zehnte',
];
const layer = (n: number): string => (NOMINATIVE[n] ? `${NOMINATIVE[n]} Schicht` : `Schicht ${n}`);
const ofLayer = (n: number): string => (ORDINALS[n] ? `der ${ORDINALS[n]} Schicht` : `von Schicht ${n}`);
const neurons = (n: number): string => `${n} ${n === 1 ? 'Neuron' : 'Neuronen'}`;
const unit = (index: number, n: number, layers: number): string =>
  layers === 1 ? `Neuron ${index}` : `Neuron ${index} ${ofLayer(n)}`;

const scenes: Texts['scenes'] = {
  samplesFailed: (why) => `Die Beispiele konnten nicht geladen werden: ${why}`,
  more: 'Mehr über dieses Netz in diesem Augenblick',
  index: 'Index',
  value: 'Wert',

  plane: 'Die Antwort, überall',
  planeOf: (name) => name,
  planeCaption: (right, all, training) =>
    `Jede Stelle hat die Farbe der Antwort dort. ${right} dieser ${all} ${training ? 'Trainingspunkte' : 'Testpunkte'} liegen auf der richtigen Seite.`,
  planeCaptionValues: 'Jede Stelle hat die Farbe der Antwort dort.',
  unitCaption: 'Was dieses Neuron an jeder Stelle berechnet: Blau ist positiv, Orange negativ.',
  planeReading: 'Auf eine Stelle zeigen, um die Antwort dort zu lesen.',
  planeLabel: (right, all) =>
    `Antworten in der Ebene. ${right} von ${all} Punkten liegen auf der richtigen Seite. Mit den Pfeiltasten lassen sich einzelne Stellen lesen.`,
  planeLabelValues: 'Antworten in der Ebene. Mit den Pfeiltasten lassen sich einzelne Stellen lesen.',
  at: (x, y, answer) => `x ${x}, y ${y}: ${answer}`,
  answer: (label, percent) => `${label} ${percent}`,
  pointHere: (label, right) =>
    `Punkt der Klasse ${label}, ${right ? 'auf der richtigen Seite' : 'auf der falschen Seite'}`,
  wrong: 'auf der falschen Seite',
  trainPoints: 'Trainingspunkte',
  planeMore: (cells) =>
    `Der Film enthält die Antworten an ${cells} × ${cells} Stellen. Dazwischen zeichnet die Seite weiche Übergänge, und die Linie liegt dort, wo zwei Antworten gleich wahrscheinlich sind. Ob ein Punkt auf der richtigen Seite liegt, wird an diesen Stellen abgelesen. Die Zahl kann deshalb etwas von der Genauigkeit abweichen, die mit den Punkten selbst berechnet wird.`,
  columnX: 'x',
  columnY: 'y',
  probabilityOf: (label) => `P(${label})`,

  network: 'Was jedes Neuron sieht',
  networkShown: (shown, all) => `Was die ersten ${shown} von ${all} Neuronen sehen`,
  straightOne: (first) =>
    first === 1
      ? 'Das Neuron reagiert entlang einer geraden Richtung der Ebene. Die Antwort folgt aus seinem Bild.'
      : `Jedes der ${first} Neuronen reagiert entlang einer geraden Richtung der Ebene. Die Antwort addiert ihre Bilder.`,
  straightMore: (first, rest) =>
    `Jedes der ${first} Neuronen der ersten Schicht reagiert entlang einer geraden Richtung der Ebene. ${rest}`,
  mixes: (count, from, n) => `Jedes der ${count} ${ofLayer(n)} mischt diese ${from} Bilder.`,
  networkPlain: (count) =>
    `Jedes Quadrat zeigt, was eines von ${count} Neuronen in der ganzen Ebene berechnet.`,
  networkValues: (sample) =>
    `Jedes Quadrat zeigt, was ein Neuron für ${sample} berechnet; die Linien sind die Gewichte.`,
  strongest: (from, to, weight) =>
    `Die stärkste Linie führt in diesem Augenblick von ${from} zu ${to}: ${weight}.`,
  silent: (count, n) =>
    `${neurons(count)} ${ofLayer(n)} ${count === 1 ? 'ist' : 'sind'} in diesem Augenblick überall 0.`,
  networkMore:
    'Ein Neuron multipliziert jede Eingabe mit einem Gewicht, addiert die Produkte und seinen Bias und wendet auf die Summe seine Aktivierung an. Eine Linie ist ein Gewicht: Blaue Linien erhöhen das, wohin sie führen, wenn das Neuron einen hohen Wert hat, orange senken es, und dicke tun das stärker. Auf ein Neuron zeigen, um es groß und mit seinen Zahlen zu sehen.',
  legendPositive: 'positives Gewicht',
  legendNegative: 'negatives Gewicht',
  legendThick: 'dicker: stärker',
  legendMost: (count) => `nur die ${count} stärksten Linien sind gezeichnet`,
  units:
    'Neuronen: Die Pfeiltasten führen von einem zum nächsten, die Eingabetaste hält eines fest, Escape gibt es frei',
  layer,
  unit,
  unitInside: unit,
  theAnswer: 'der Antwort',
  theAnswerOf: (label) => `der Antwort „${label}“`,
  toAnswer: (weight, rank, of) =>
    `Sein Gewicht zur Antwort ist ${weight}${rank === 1 ? `, das stärkste von ${of}` : `, der Größe nach Nummer ${rank} von ${of}`}.`,
  toClass: (weight, label) => `Sein stärkstes Gewicht führt zu „${label}“: ${weight}.`,
  toUnit: (weight, unit) => `Sein stärkstes Gewicht führt zu ${unit}: ${weight}.`,
  pushes: (high, low) => `Hohe Werte sprechen für „${high}“, niedrige für „${low}“.`,
  fromInputs: (weights) => `Es gewichtet ${weights}.`,
  fromUnit: (weight, unit) => `Am meisten hört es auf ${unit}: ${weight}.`,
  bias: (value) => `Sein Bias ist ${value}.`,
  between: (low, high) => `Seine Werte liegen hier zwischen ${low} und ${high}.`,
  zeroOn: (percent) => `Auf ${percent} der Ebene ist es 0.`,
  zeroEverywhere: 'Es ist in diesem Augenblick überall 0 und trägt zum Folgenden nichts bei.',
  now: (value) => `Sein Wert für dieses Beispiel ist ${value}.`,
  release: 'Wieder die Antwort zeigen',
  keep: 'Klicken, um es festzuhalten',
  from: 'von',
  to: 'nach',
  weight: 'Gewicht',

  filters: (layerName, count) => `${count} Filter von ${layerName}`,
  filtersCaption: (size) => `Jeder sucht ein Muster von ${size} Pixeln: Blau zählt dafür, Orange dagegen.`,
  filtersCaption1: (size) =>
    `Jeder sucht ein Muster von ${size} Schritten: Blau zählt dafür, Orange dagegen.`,
  filtersMore: (most) =>
    `Ein Filter gleitet über seine ganze Eingabe und multipliziert, was unter ihm liegt, mit seinen Zahlen. Die Farben gehen von −${most} (orange) über 0 bis ${most} (blau), der größten Zahl in diesem Augenblick. Hat die Eingabe mehrere Kanäle, ist ein Filter als Mittel über sie gezeigt. Am Anfang sind Filter zufällig; wer dem Netz hilft, wird zu einer Kante, einem Strich oder einem Fleck.`,
  filter: (n) => `Filter ${n}`,
  row: 'Zeile',
  column: 'Spalte',
  travel: 'Was jede Schicht mit einem Beispiel macht',
  travelCaption: (id, label) => `Testbeispiel ${id} der Klasse „${label}“ auf seinem Weg durch das Netz.`,
  travelCaptionValue: (id, target) =>
    `Testbeispiel ${id} mit dem Zielwert ${target} auf seinem Weg durch das Netz.`,
  travelMore:
    'Jede Zeile ist die Ausgabe einer Schicht für dieses Beispiel: Karten bei Bildern, Streifen bei Folgen, sonst ein Quadrat für jedes Neuron. Blau ist positiv, Orange negativ, die Farbe des Papiers ist 0. Jede Schicht hat ihre eigene Skala, die daneben steht. Eine leere Karte hat in diesem Beispiel nichts gefunden.',
  input: 'Eingabe',
  map: (n) => `Karte ${n}`,
  maps: (shown, height, width) => `${shown} Karten, ${height} × ${width}`,
  neuronsOf: neurons,
  overTime: (units, steps) => `${units} Kanäle über ${steps} Schritte`,
  channel: (n) => `Kanal ${n}`,
  step: (n) => `Schritt ${n}`,
  layerColumn: 'Schicht',
  probes: (count) => `Dieselben ${count} Testbeispiele in jedem Augenblick`,
  probesCaption: (right, count) =>
    `${right} von ${count} sind in diesem Augenblick richtig. Der Balken ist die Wahrscheinlichkeit der wahren Klasse; ✗ steht bei falschen Antworten.`,
  probesMore:
    'Diese Beispiele der Testdaten verteilen sich über die Klassen. Das Netz lernt nicht aus ihnen. Eines wählen, um alle seine Wahrscheinlichkeiten zu sehen, und wie sich die seiner Klasse im Training verändert hat.',
  probe: (id, label) => `Testbeispiel ${id} der Klasse ${label}`,
  probeState: (id, truth, percent, answer) =>
    `Testbeispiel ${id}, ${truth} ${percent}${answer === null ? ', richtig' : `, falsch: ${answer}`}`,
  probeHistory: (label) => `Wahrscheinlichkeit von „${label}“ im Lauf des Trainings`,
  chooseProbe: 'Ein Beispiel wählen, um alle seine Wahrscheinlichkeiten zu sehen.',
  sample: 'Beispiel',
  truth: 'wahr',
  says: 'Antwort',
  other: (name) => `Die orangen Marken sind von ${name}.`,
  otherSquares: (name) => `Die Quadrate sind von ${name}.`,
  sampleOf: (id, label) => `Testbeispiel ${id} (${label})`,
  probabilities: 'Wahrscheinlichkeiten aller Klassen',
  values: (count) => `Antworten auf ${count} Testbeispiele`,
  valuesCaption: (error) =>
    `Jeder Punkt ist ein Testbeispiel; auf der Linie ist die Antwort exakt. Im Mittel liegt sie in diesem Augenblick um ${error} daneben.`,
  predicted: 'Antwort',
  target: 'Zielwert',
  valuesMore:
    'Nach rechts geht der Zielwert, nach oben die Antwort des Netzes. Über der Linie ist die Antwort zu hoch, darunter zu niedrig.',

  histograms: 'Wie die Gewichte verteilt sind',
  histogramsCaption: (kernels) =>
    `Balken: die Gewichte ${kernels === 1 ? 'des Kerns' : `jedes der ${kernels} Kerne`} in diesem Augenblick. Die Linie zeigt, wie sie begannen.`,
  histogramsMore:
    'Gewichte beginnen klein und zufällig. Das Training bewegt die wichtigen von 0 weg, und die Balken werden breiter als die Linie. Ein Kern, der seiner Linie gleicht, hat kaum gelernt; einer, der sich sehr weit ausbreitet, passt sich womöglich zu sehr an die Trainingsdaten an. Balken und Linie sind gleich hoch gezeichnet. Von einem Kern werden höchstens 131.071 Gewichte gezählt.',
  histogramLabel: (layerName, low, high) => `${layerName}: Gewichte von ${low} bis ${high}`,
  moved: (start, now) => `übliche Größe ${start} → ${now}`,
  kernel: 'Kern',
  binFrom: 'von',
  binTo: 'bis',
  shareNow: 'Anteil',
  weights: 'Jedes Gewicht',
  weightsCaption: (count) =>
    `Alle ${count} Gewichte dieser Schichten: Blau ist positiv, Orange negativ, kräftigere Farben sind größer.`,
  weightsMore:
    'Zeilen sind die Eingaben einer Schicht, Spalten ihre Neuronen; lange Kerne liegen auf der Seite. Auf ein Quadrat zeigen, um sein Gewicht zu lesen.',
  weightAt: (input, unit, value) => `Eingabe ${input} → Neuron ${unit}: ${value}`,
  inputColumn: 'Eingabe',
  unitColumn: 'Neuron',
};
export default scenes;
