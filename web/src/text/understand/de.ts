import type { Texts } from '../en.ts';

const PLACES = [
  ['oben links', 'oben', 'oben rechts'],
  ['links', 'in der Mitte', 'rechts'],
  ['unten links', 'unten', 'unten rechts'],
] as const;

const understand: Texts['understand'] = {
  intro: 'Was das Netz zu Beispielen sagt, die es im Training nicht gesehen hat: zu den Testdaten.',
  parts: {
    title: 'Teile dieser Seite',
    mistakes: 'Wo es sich irrt',
    classes: 'Klasse für Klasse',
    labels: 'Merkmal für Merkmal',
    threshold: 'Ab wann es ja sagt',
    calibration: 'Wie sicher es ist',
    found: 'Vorhergesagt und tatsächlich',
    residuals: 'Wie weit daneben',
    cost: 'Was kleine Dateien kosten',
    weights: 'Wo die Gewichte sind',
  },
  accuracy: {
    of: (right, total) => `richtig: ${right} von ${total} Testbeispielen`,
    ofLabels: (total) => `der Merkmale sind richtig, bei ${total} Testbeispielen`,
    eachLabel: (share) =>
      `Bei jedem Merkmal immer die häufigere Antwort zu geben, ja oder nein, würde ${share} erreichen.`,
    interval: (low, high) =>
      `Bei anderen Beispielen dieser Art sind zwischen ${low} und ${high} zu erwarten.`,
    baseline: (label, share) => `Immer die häufigste Klasse „${label}“ zu nennen, würde ${share} erreichen.`,
    meanRecall: (label, share, chance, found) =>
      `Immer die häufigste Klasse „${label}“ zu nennen, würde ${share} erreichen, aber von jeder Klasse im Mittel nur ${chance} finden; dieses Netz findet ${found}. Es hat mit Klassengewichten gelernt, die seltene Klassen auf Kosten der Genauigkeit finden.`,
    better: 'Das Netz ist deutlich besser.',
    unclear: 'Das Netz ist etwas besser, bei so wenigen Beispielen kann das aber Zufall sein.',
    noBetter: 'Das Netz ist nicht besser.',
    explain: (total, low, high) =>
      `Gezählt wurde an ${total} Beispielen, die vor dem Training beiseitegelegt wurden. Andere Testdaten ergäben eine etwas andere Zahl. Der Bereich von ${low} bis ${high} enthält die Genauigkeit für alle Beispiele dieser Art in 95 von 100 Fällen (Wilson-Intervall). Je weniger Beispiele, desto breiter ist er.`,
  },
  error: {
    all: 'Alle Zahlen, die es vorhersagt',
    of: (target, total) => `mittlerer Fehler von „${target}“ bei ${total} Testbeispielen`,
    baseline: (mean, error) => `Immer den Mittelwert ${mean} zu antworten, läge um ${error} daneben.`,
    mae: 'Mittlerer absoluter Fehler (MAE)',
    rmse: 'Wurzel des mittleren quadratischen Fehlers (RMSE)',
    r2: 'Erklärte Varianz (R²)',
    half: 'Die Hälfte der Beispiele: höchstens',
    most: '90 % der Beispiele: höchstens',
    largest: 'Größter Fehler',
    network: 'Netz',
    mean: 'Immer der Mittelwert',
    measure: 'Maß',
    left: (count) => `${count} Antworten sind keine Zahlen und werden ausgelassen.`,
    explain:
      'Der mittlere absolute Fehler sagt, wie weit eine Antwort im Mittel danebenliegt, in der Einheit der Zielgröße. Beim RMSE zählen große Fehler mehr. R² ist der Anteil der Unterschiede zwischen den Beispielen, den das Netz erklärt: 1 ist vollkommen, 0 nicht besser als der Mittelwert.',
  },
  matrix: {
    caption: (wrong, total) => `${wrong} von ${total} Testbeispielen`,
    axes: 'nach unten: was es war · nach rechts: was das Netz sagte',
    hint: 'Ein Feld wählen, um seine Beispiele zu sehen. Pfeiltasten führen von Feld zu Feld.',
    counts: 'Anzahlen',
    shares: 'Anteile der Zeile',
    show: 'Zahlen in den Feldern',
    was: 'Es war',
    said: 'Das Netz sagte',
    count: 'Beispiele',
    share: 'Anteil der Klasse',
    cell: (was, said, count) => `${was}, für ${said} gehalten: ${count}`,
    rightCell: (label, count) => `${label}, erkannt: ${count}`,
    large: 'Konfusionsmatrix. Pfeiltasten bewegen, Eingabe zeigt die Beispiele.',
    explain:
      'Das ist eine Verwechslungsmatrix (confusion matrix). In einer Zeile stehen alle Beispiele einer Klasse; die Felder zählen, wofür das Netz sie hielt. Grau auf der Diagonale stehen die richtigen Antworten.',
    example: (was, said, count) => ` Die größte Zahl daneben: ${count} × „${was}“ für „${said}“ gehalten.`,
    none: 'Alle Testbeispiele sind richtig.',
  },
  gallery: {
    cell: (was, said) => `${was}, für ${said} gehalten`,
    right: (label) => `${label}, erkannt`,
    worst: 'Die schlimmsten Irrtümer',
    farthest: 'Die größten Fehler',
    order: 'Die sichersten zuerst. Eines wählen, um zu sehen, worauf es ankam.',
    backToWorst: 'Die schlimmsten Irrtümer zeigen',
    more: (count) => `${count} weitere zeigen`,
    none: 'Es gibt keine.',
    item: (sample, was, said) => `Testbeispiel ${sample}: ${was}, Antwort ${said}`,
    value: (sample, truth, found) => `Testbeispiel ${sample}: tatsächlich ${truth}, vorhergesagt ${found}`,
    sample: (sample) => `Beispiel ${sample}`,
    noInputs: 'Die Beispiele selbst können nicht gezeigt werden.',
  },
  sample: {
    title: (sample) => `Testbeispiel ${sample}`,
    choose: 'Ein Beispiel wählen, um seine Wahrscheinlichkeiten zu sehen und worauf es ankam.',
    was: (was, said) => `Es ist ${was}; das Netz sagt ${said}.`,
    right: (label) => `Es ist ${label}, und das sagt auch das Netz.`,
    value: (truth, found, off) => `Tatsächlich: ${truth}. Vorhergesagt: ${found}. Um ${off} daneben.`,
    probabilities: 'Wahrscheinlichkeiten der Klassen',
    others: (count) => `und ${count} weitere Klassen`,
    tryIt: 'Dieses Beispiel ausprobieren',
    explaining: 'Ein Teil nach dem anderen wird verdeckt …',
    mattered: 'Worauf es ankam',
    forLabel: 'Für die Antwort',
    against: (file, label) => `${file}, die ausgelieferte Datei, sagt hier ${label}.`,
    picture: (sample) => `Bild von Testbeispiel ${sample} mit den Teilen, auf die es ankam`,
    curve: (sample) => `Kurve von Testbeispiel ${sample} mit den Schritten, auf die es ankam`,
    feature: 'Merkmal',
    number: 'Wert',
    effect: 'Wirkung',
    token: 'Zeichen',
  },
  hidden: {
    place: (row, column) => PLACES[row][column],
    steps: (from, to) => (to > from ? `in den Schritten ${from} bis ${to}` : `in Schritt ${from}`),
    feature: (name) => `„${name}“`,
    token: (token, at) => `„${token}“ an Stelle ${at}`,
    part: (place) => `Wird der blaue Teil ${place} verdeckt (durchgezogener Rahmen)`,
    otherPart: (place) => `Der orange Teil ${place} (gestrichelter Rahmen)`,
    hide: (name) => `Wird ${name} weggelassen`,
    gone: (covered, label, before, after, leads) =>
      `${covered}, ist es nicht mehr ${label}: ${label} fällt von ${before} auf ${after}, und die Antwort ist ${leads}.`,
    weaker: (covered, label, before, after) =>
      `${covered}, bleibt es ${label}, doch ${label} fällt von ${before} auf ${after}.`,
    lower: (covered, label, before, after) => `${covered}, fällt ${label} von ${before} auf ${after}.`,
    against: (part, label, before, after) =>
      `${part} spricht gegen ${label}: Ohne ihn steigt ${label} von ${before} auf ${after}.`,
    valueLower: (covered, before, after) => `${covered}, fällt die Antwort von ${before} auf ${after}.`,
    valueHigher: (part, before, after) =>
      `${part} senkt die Antwort: Sonst stiege sie von ${before} auf ${after}.`,
    nothing: (label) =>
      `Kein einzelner Teil ist für ${label} wichtig: Welcher auch verdeckt wird, die Wahrscheinlichkeit bleibt.`,
    nothingValue: 'Kein einzelner Teil ist wichtig: Welcher auch verdeckt wird, die Antwort bleibt.',
    differs: (file) =>
      `Die Zahlen oben stammen von ${file}; die des trainierten Netzes sind etwas anders, weil die Gewichte der Datei komprimiert sind.`,
    how: (runs, file) =>
      `${file} lief ${runs}-mal, jedes Mal mit einem anderen verdeckten Teil. Blaue Teile erhöhen die Zahl, orange senken sie; je kräftiger die Farbe, desto mehr.`,
  },
  classes: {
    caption: 'Wie oft jede Klasse erkannt wird, und wie oft ihr Name stimmt, wenn er genannt wird.',
    class: 'Klasse',
    precision: 'Präzision',
    recall: 'Trefferquote',
    f1: 'F1',
    auc: 'ROC-AUC',
    support: 'Beispiele',
    mean: 'Mittel der Klassen',
    none: 'keine',
    sort: (column) => `Nach ${column} ordnen`,
    explain: (label, precision, recall) =>
      `Für „${label}“: Wenn das Netz das sagt, stimmt es in ${precision} der Fälle (Präzision). Von den Beispielen der Klasse findet es ${recall} (Trefferquote). F1 ist eine Zahl für beides; sie ist klein, wenn eines davon klein ist.`,
    explainAuc:
      'ROC-AUC sagt, wie oft ein Beispiel der Klasse eine höhere Wahrscheinlichkeit für sie bekommt als ein anderes: 1 ist vollkommen, 0,5 ist geraten.',
  },
  labels: {
    caption: 'Wie oft jedes Merkmal gefunden wird, und wie oft es stimmt, wenn es genannt wird.',
    class: 'Merkmal',
    mean: 'Mittel der Merkmale',
  },
  threshold: {
    caption: (label) =>
      `Das Netz sagt „${label}“ ab einer Wahrscheinlichkeit von 50 %. Eine höhere Schwelle gibt weniger Fehlalarme, übersieht aber mehr.`,
    positive: 'Klasse',
    slider: (label) => `„${label}“ sagen ab`,
    hits: 'erkannt',
    alarms: 'Fehlalarme',
    missed: 'übersehen',
    rejected: 'zu Recht nicht',
    isIt: (label) => `ist ${label}`,
    isNot: 'ist es nicht',
    saysIt: (label) => `sagt ${label}`,
    saysNot: 'sagt es nicht',
    precision: 'Präzision',
    recall: 'Trefferquote',
    accuracy: 'Genauigkeit',
    roc: 'Treffer und Fehlalarme (ROC)',
    rocCaption: (area) =>
      `Fläche unter der Kurve: ${area}. 1 ist vollkommen, 0,5 ist geraten (die Diagonale).`,
    pr: 'Präzision und Trefferquote',
    prCaption: (average, share) => `Mittlere Präzision: ${average}. Raten würde ${share} erreichen.`,
    falsePositives: 'Fehlalarme unter allen anderen',
    at: 'Schwelle',
    count: 'Konfusion bei dieser Schwelle',
    here: 'die gewählte Schwelle',
  },
  calibration: {
    title: 'Sicherheit und Genauigkeit',
    caption:
      'Kann man seinen Prozenten trauen? Wenn ja, stimmen 80 von 100 Antworten, bei denen es sich zu 80 % sicher ist, und die Punkte liegen auf der Diagonale.',
    honest: (error) =>
      `Sicherheit und Genauigkeit weichen im Mittel um ${error} ab: Die Wahrscheinlichkeiten sind beim Wort zu nehmen.`,
    tooSure: (error) =>
      `Sicherheit und Genauigkeit weichen im Mittel um ${error} ab: Das Netz ist sicherer, als es sein sollte.`,
    tooModest: (error) =>
      `Sicherheit und Genauigkeit weichen im Mittel um ${error} ab: Das Netz ist besser, als es meint.`,
    mixed: (error) => `Sicherheit und Genauigkeit weichen im Mittel um ${error} ab, in beide Richtungen.`,
    confidence: 'Sicherheit',
    accuracy: 'Richtig',
    range: 'Bereich',
    samples: 'Beispiele',
    few: 'Hohle Punkte stehen für weniger als 10 Beispiele.',
    explain:
      'Die Testbeispiele sind nach der Wahrscheinlichkeit ihrer Antwort in zehn Bereiche geordnet. Ein Punkt sagt, wie viele eines Bereichs richtig waren, der Balken darunter, wie viele Beispiele darin sind. Der mittlere Abstand von der Diagonale, mit den Beispielen gewichtet, heißt erwarteter Kalibrierungsfehler.',
    point: (low, high, right, samples) => `${low} bis ${high}: ${right} richtig von ${samples} Beispielen`,
  },
  regression: {
    scatterTitle: 'Vorhergesagt und tatsächlich',
    scatter:
      'Jeder Punkt ist ein Testbeispiel. Genaue Antworten liegen auf der Diagonale. Einen Punkt wählen, um sein Beispiel zu sehen.',
    truth: 'Tatsächlich',
    found: 'Vorhergesagt',
    off: 'Daneben um',
    sample: 'Beispiel',
    residualsTitle: 'Fehler',
    residuals: (lean) => `Vorhergesagt minus tatsächlich. Im Mittel weicht die Antwort um ${lean} ab.`,
    tooLow: 'zu niedrig',
    tooHigh: 'zu hoch',
    range: 'Vorhergesagt minus tatsächlich',
    count: 'Beispiele',
  },
  cost: {
    caption: 'Jede Datei, die geschrieben oder versucht wurde, und was sie auf die Testdaten antwortet.',
    file: 'Datei',
    weights: 'Gewichte',
    size: 'Größe',
    accuracy: 'Genauigkeit',
    error: 'Mittlerer Fehler',
    errorOfAll: 'Mittlerer Fehler aller',
    difference: 'Größte Abweichung',
    changed: 'Geändert',
    delivered: 'ausgeliefert',
    variant: 'zum Vergleich behalten',
    tried: 'versucht',
    trained: 'wie trainiert',
    flips: (count) =>
      count === '1'
        ? '1 Beispiel hat seine Antwort geändert'
        : `${count} Beispiele haben ihre Antwort geändert`,
    noFlips: 'Kein Beispiel hat seine Antwort geändert',
    recount: (broken, mended) =>
      `${broken} wurden falsch, ${mended} wurden richtig, verglichen mit dem trainierten Netz.`,
    same: 'Alle Dateien haben die Gewichte wie trainiert: Nichts wurde komprimiert.',
    change: (sample, was, before, after) => `Testbeispiel ${sample}, ${was}: aus ${before} wurde ${after}`,
    toCompress: 'Mit „auto“ als „weights“ von „export“ werden kleinere Dateien versucht.',
    smaller: (file, share, size, full) => `${file} braucht ${share} des Platzes: ${size} statt ${full}.`,
    explain:
      'Ein trainiertes Gewicht ist eine Zahl mit 32 Bit. „palettized-4“ behält je Schicht 16 verschiedene Werte, und 4 Bit sagen, welcher davon ein Gewicht ist; „int8“ rundet jedes Gewicht auf einen von 256 Werten mit gleichem Abstand. So wird die Datei kleiner, doch Antworten können sich ändern, vor allem knappe. Die größte Abweichung vergleicht die Datei mit dem Netz, das dieselben Gewichte hat.',
    samples: (file, weights) => `${file}, ${weights}`,
  },
  weights: {
    caption: 'Gewichte füllen die Datei; Arbeit ist die Zeit für eine Antwort.',
    heaviest: (share, name, type) => `${share} der Gewichte stecken in ${name} (${type}).`,
    busiest: (share, name) => `${share} der Arbeit geschieht in ${name}.`,
    layer: 'Schicht',
    output: 'Ausgabe',
    count: 'Gewichte',
    ofWeights: 'Anteil der Gewichte',
    ofWork: 'Anteil der Arbeit',
    none: 'Dieses Netz hat keine Gewichte.',
    explain: (example) =>
      `Arbeit sind die Multiplikationen für eine Antwort. Eine Faltung benutzt jedes Gewicht an jeder Stelle des Bildes, eine Dense-Schicht nur einmal: So können wenige Gewichte viel Arbeit sein.${example}`,
    example: (name, weights, work) =>
      ` Hier brauchen die ${weights} Gewichte von ${name} ${work} Multiplikationen.`,
  },
};
export default understand;
