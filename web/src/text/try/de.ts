import type { Texts } from '../en.ts';

const tryIt: Texts['tryIt'] = {
  titles: {
    digit: 'Eine Ziffer zeichnen',
    picture: 'Ein Bild zeigen',
    plane: 'Den Punkt verschieben',
    features: 'Messwerte einstellen',
    sequence: 'Eine Kurve zeichnen',
    tokens: 'Eine Folge schreiben',
  },
  noFile: 'Dieser Lauf hat keine Core-ML-Datei; es gibt nichts auszuprobieren.',
  loadingFile: (file) => `${file} wird geladen …`,
  hints: {
    digit: 'Mit Maus, Stift oder Finger eine Ziffer von 0 bis 9 zeichnen.',
    picture: 'Ein Bild hierher ziehen, einfügen oder eine Datei wählen.',
    plane: 'Im Bild klicken oder ziehen, oder die Regler benutzen.',
    features: 'Einen Regler bewegen oder eine Zahl eingeben.',
    sequence: 'Gedrückt halten und von links nach rechts zeichnen.',
    tokens: 'Die Zeichen nacheinander anklicken.',
  },
  table: {
    arrays: 'Zahlen eingeben',
    arraysHelp:
      'Eine .csv-Datei mit einer Spalte je Eingabe wählen oder Zahlen einfügen: die älteste zuerst, bei mehreren in einem Schritt Schritt für Schritt.',
    file: '.csv-Datei wählen',
    from: 'Ab Zeile',
    count: (found, wanted) =>
      found ? `${found} von ${wanted} Zahlen` : `${wanted} Zahlen werden gebraucht.`,
    unfit: (file, names) =>
      `${file}: erwartet werden Spalten mit den Namen ${names}; umbenennen oder die Zahlen einfügen.`,
    title: 'Eine Zeile ausfüllen',
    empty: (value) => `Leer zählt als ${value}.`,
    other: 'anderes oder fehlend',
  },
  drawHere: 'Hier zeichnen',
  replaces: 'Einfach darauf zeichnen: Das ersetzt dieses Bild.',
  waiting: 'Hier erscheint die Antwort.',
  clear: 'Löschen',
  undo: 'Strich zurück',
  paper: 'Zeichenfläche. Mit der Tastatur unten ein Testbeispiel wählen.',
  seen: 'Was das Netz bekommt',
  seenLabel: (shape) => `Was das Netz bekommt: ${shape} Pixel`,
  centringShort: 'Die Linien werden skaliert und zentriert wie MNISTs Ziffern.',
  pixels: 'Wie die Pixel entstehen',
  centring:
    'Die Linien werden auf ein Feld von 20 × 20 Pixeln gebracht, so breit gezeichnet, wie es Linien in MNIST im Mittel sind, und so verschoben, dass ihr Schwerpunkt in der Mitte von 28 × 28 Pixeln liegt. MNISTs Ziffern wurden ebenso hergestellt; darum ist es gleich, wo und wie groß gezeichnet wird.',
  centringOther: (side) =>
    `Die Linien werden auf ${side} × ${side} Pixel gebracht, mit ihrem Schwerpunkt in der Mitte. Darum ist es gleich, wo und wie groß gezeichnet wird.`,
  camera: {
    start: 'Kamera einschalten',
    stop: 'Ausschalten',
    view: 'Was die Kamera sieht',
    insecure:
      'Browser geben einer Seite die Kamera nur über https oder auf diesem Rechner selbst. Diese Seite kam über http, also bleibt die Kamera aus. Stattdessen lassen sich Bilddateien hinzufügen; auf dem Telefon nimmt das Fotos auf.',
    denied:
      'Der Browser gibt dieser Seite die Kamera nicht. Neben der Adresse erlauben, oder stattdessen Bilddateien hinzufügen.',
    missing:
      'Es gibt keine Kamera, oder ein anderes Programm benutzt sie. Stattdessen lassen sich Bilddateien hinzufügen.',
    flip: 'Andere Kamera',
  },
  choosePicture: 'Bild wählen',
  invert: 'Hell und dunkel tauschen',
  cutOut: 'Die Ziffer wurde aus dem Bild ausgeschnitten und zentriert wie gezeichnete.',
  cropped: (shape) => `Die Mitte des Bildes, auf ${shape} Pixel gebracht.`,
  pictureProblems: {
    kind: 'Das ist keine PNG-, JPEG-, GIF-, WebP- oder BMP-Datei.',
    large: (found) =>
      found
        ? `Dieses Bild ist zu groß: ${found} Pixel. Höchstens 60 Millionen werden hier entpackt.`
        : 'Diese Datei ist zu groß: höchstens 30 MB.',
    broken: 'Diese Datei ist beschädigt und lässt sich nicht entpacken.',
  },
  range: (low, high) => `In den Beispielen: ${low} bis ${high}`,
  notNumber: 'Eine Zahl eingeben.',
  planeLabel: (x, y) => `Bild der Antwort: ${x} von links nach rechts, ${y} von unten nach oben`,
  planeCaption:
    'Jede Stelle hat die Farbe der Klasse, die die Datei dort nennt; kräftiger, wo sie sicherer ist. Punkte sind Testbeispiele.',
  planeCaptionValue: 'Jede Stelle zeigt die Zahl, die die Datei dort nennt: orange ist klein, blau ist groß.',
  curveLabel: (feature) => `Kurve von ${feature}`,
  feature: 'Merkmal',
  value: 'Wert',
  flatten: 'Gerade Linie',
  deleteLast: 'Letztes löschen',
  tokensLabel: 'Die Folge',
  nothing: 'nichts',
  stepsLeft: (left) => `Platz für ${left} weitere`,
  samples: {
    title: (total) => `Eines von ${total} Testbeispielen wählen`,
    label: 'Klasse',
    all: 'Alle',
    earlier: 'Frühere',
    later: 'Weitere',
    page: (from, to, of) => `${from} bis ${to} von ${of}`,
    sample: (id, label) => `Testbeispiel ${id}: ${label}`,
    loading: 'Beispiele werden geladen …',
  },
  truth: (label) => `Laut Datensatz: ${label}.`,
  answer: 'Die Antwort',
  or: (first, second) => `${first}, oder ${second}?`,
  bars: 'In Prozent',
  rest: 'alle anderen',
  percentages: 'Was die Prozente bedeuten',
  rule: 'Zwei Klassen werden genannt, wenn die zweite mindestens halb so wahrscheinlich ist wie die erste.',
  probabilities:
    'Die Wahrscheinlichkeiten ergeben zusammen 100 %. Sie sagen, wie das Netz die Klassen abwägt, die es kennt: „Keine davon“ kann es nicht sagen.',
  noLabel: 'nichts davon',
  files: 'Welche Datei antwortet',
  answeredBy: 'Es antwortet',
  comparedWith: 'Vergleichen mit',
  none: 'keiner anderen Datei',
  variant: 'nicht ausgeliefert',
  source: {
    before: 'Die Antwort kommt aus ',
    delivered: ', genau der Datei, die das Telefon bekommt: hier ausgeführt, ',
    variant:
      ', einer Datei, die beim Verkleinern ausprobiert wurde und nicht ausgeliefert wird: hier ausgeführt, ',
    after: (size, milliseconds) => `${size}, ${milliseconds} ms.`,
  },
  timing: 'Wo die Zeit bleibt',
  times: (run, roundTrip) =>
    `Die Datei selbst lief ${run} ms. Von dieser Seite zum Server und zurück mit allen Schichten dauerte es ${roundTrip} ms: Darin sind das Lesen der Anfrage, das Packen der Schichten und das Netzwerk.`,
  both: (label, difference) => `Beide sagen ${label}. Der größte Unterschied ist ${difference}.`,
  differ: (first, one, second, other) => `Sie sind uneins: ${first} sagt ${one}, ${second} sagt ${other}.`,
  bothNumbers: (difference) => `Der Unterschied ist ${difference}.`,
  points: (value) => `${value} Prozentpunkte`,
  otherMark: (file) => `Der Strich in jedem Balken ist, was ${file} sagt.`,
  journey: {
    title: 'Wie es durch das Netz läuft',
    caption: 'Jede Kachel ist eine Karte einer Schicht: je blauer, desto stärker spricht sie dort an.',
    captionVector:
      'Jedes Quadrat ist eine Zahl einer Schicht. Blau ist positiv, orange negativ; je kräftiger, desto weiter von 0.',
    rest: 'Es ist nichts gezeichnet. Das berechnen die Schichten aus einem leeren Bild.',
    one: (value) => `1 Zahl: ${value}`,
    maps: (count, size) => `${count} Karten von ${size}`,
    shown: (shown, count) => `die ${shown} lebhaftesten von ${count}`,
    numbers: (count) => (count === '1' ? '1 Zahl' : `${count} Zahlen`),
    steps: (steps, units) => `${units} Zahlen für jeden von ${steps} Schritten`,
    firstOf: (shown) => `die ersten ${shown}`,
    left: (names) =>
      `Nicht gezeigt: ${names}. Diese Schichten skalieren oder ordnen nur um, was sie bekommen.`,
    absent: (names) =>
      `Nicht gezeigt: ${names}. In der Datei sind das viele kleine Rechenschritte, deren Werte sie nicht herausgibt.`,
    how: 'Wie das zu lesen ist',
    explain:
      'Am lebhaftesten sind die Karten, deren Werte sich bei dieser Eingabe von Stelle zu Stelle am meisten unterscheiden. Innerhalb einer Schicht haben alle Kacheln denselben Maßstab. Blau ist positiv, orange negativ. Die Werte sind die, die die Datei berechnet; sie kommen in 256 Stufen an.',
    columns: ['Schicht', 'Art', 'Form', 'Kleinster', 'Größter', 'Anteil Nullen'],
    summary: (layer, low, high) => `${layer}: Werte von ${low} bis ${high}`,
  },
  why: {
    title: (label) => `Warum ${label}?`,
    titleValue: 'Warum diese Zahl?',
    waiting: 'Kommt, sobald nichts mehr verändert wird.',
    caption: (label) =>
      `Verdeckt man, was blau ist, wird ${label} unwahrscheinlicher; verdeckt man, was orange ist, wahrscheinlicher.`,
    captionPart: (label) =>
      `Blau: Ohne das wäre ${label} unwahrscheinlicher. Orange: Ohne das wäre es wahrscheinlicher.`,
    captionValue:
      'Verdeckt man, was blau ist, wird die Zahl kleiner; verdeckt man, was orange ist, wird sie größer.',
    strongest: (label, from, to) =>
      `Die blaueste Stelle zu verdecken, bringt ${label} von ${from} auf ${to}.`,
    opposed: (label, from, to) =>
      `Nichts spricht für ${label}. Die orangeste Stelle zu verdecken, bringt es von ${from} auf ${to}.`,
    strongestPart: (part, label, from, to) => `Ohne ${part} geht ${label} von ${from} auf ${to}.`,
    none: 'Kein einzelner Teil zählt: Einen zu verdecken, ändert die Antwort um weniger als einen halben Prozentpunkt.',
    how: 'Wie das gefunden wurde',
    explain: (runs) =>
      `Die Datei lief ${runs}-mal, jedes Mal mit einem anderen verdeckten Teil, und ihre Antworten wurden verglichen. Das heißt Okklusion.`,
    hidden: {
      black: 'Eine verdeckte Stelle ist schwarz.',
      colour: 'Eine verdeckte Stelle hat die mittlere Farbe des Bildes.',
      mean: 'Für Verdecktes steht sein Mittelwert in den Trainingsbeispielen.',
      zero: 'Für Verdecktes steht 0.',
      empty: 'Für ein verdecktes Zeichen steht ein leerer Platz.',
    },
    columns: ['Teil', 'Wirkung'],
    part: (from, to) => (from === to ? `Schritt ${from}` : `Schritt ${from} bis ${to}`),
    label: 'Karte dessen, was zählt',
  },
};
export default tryIt;
