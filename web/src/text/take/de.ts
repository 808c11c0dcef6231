import type { Texts } from '../en.ts';

const take: Texts['take'] = {
  title: (name) => `Dateien von ${name}`,
  summary: 'Mehr braucht das Telefon nicht. Dort läuft es ohne Netzverbindung.',
  parts: {
    phone: 'Für das Telefon',
    tried: (count) =>
      count === 1
        ? 'Eine andere Form der Gewichte, die ausprobiert wurde'
        : `${count} andere Formen der Gewichte, die ausprobiert wurden`,
    others: 'Für andere Programme',
    record: 'Über das Training',
  },
  triedHelp:
    'Beim Verkleinern wurden sie gemessen; ausgeliefert wird eine andere. Unter „Ausprobieren“ lassen sie sich vergleichen.',
  whats: {
    mlmodel: 'Neuronales Netz für Core ML, eine einzelne Datei. Einem Xcode-Projekt hinzufügen.',
    mlpackage:
      'Core-ML-Programm, ein Ordner, der als Zip geladen wird. Auspacken und einem Xcode-Projekt hinzufügen.',
    aimodel: 'Modell für Apple Core AI.',
    variant: 'Dasselbe Netz mit anderen Gewichten.',
    onnx: 'Das Netz für ONNX Runtime, so wie es geprüft wurde.',
    keras: 'Das trainierte Modell für Keras, in Python.',
    report:
      'Der Bericht: Kurven, Fehler und der Film des Trainings auf einer Seite, die kein Netzwerk braucht.',
    data: 'Alle Zahlen des Berichts.',
    spec: 'Das Dokument, aus dem dieses Netz entstand. Dasselbe Dokument mit demselben Seed ergibt dasselbe Netz.',
    film: 'Der Film, den „Zusehen“ zeigt.',
    answers: 'Was das Netz zu jedem Testbeispiel sagt, für „Verstehen“.',
    other: 'Eine weitere Datei dieses Laufs.',
  },
  ios: (version) => `ab iOS ${version}`,
  verified: {
    trained: (samples, largest) =>
      `Geprüft: Bei ${samples} Beispielen sagt diese Datei, was das trainierte Netz sagt. Größter Unterschied: ${largest}.`,
    decompressed: (samples, largest) =>
      `Geprüft: Bei ${samples} Beispielen sagt diese Datei, was das Netz mit diesen verkleinerten Gewichten sagt. Größter Unterschied: ${largest}.`,
    translated: (samples, largest) =>
      `Geprüft: Bei ${samples} Beispielen sagt diese Datei, was die Core-ML-Datei sagt. Größter Unterschied: ${largest}.`,
  },
  bits: (bits, form) => `${bits} Bits (${form})`,
  below: (value) => `unter ${value}`,
  open: 'Öffnen',
  download: 'Laden',
  checksum: 'Prüfsumme',
  inside: (count) => (count === 1 ? '1 Datei darin' : `${count} Dateien darin`),
  package: (zip, folder) => `Aus ${zip} wird der Ordner ${folder} mit diesen Dateien:`,
  sha: (name) => `SHA-256 von ${name}`,
  phone: {
    title: 'Auf dem Telefon',
    goal: 'Was der Code öffnet',
    goals: {
      try: 'Scannen und dort ausprobieren',
      take: 'Scannen und diese Seite öffnen',
      file: (name) => `Scannen und ${name} laden`,
    },
    code: (address) => `QR-Code: ${address}`,
    address: 'Adresse im Code',
    until: (when) => `Der Link braucht kein Token. Er gilt nur für diese Datei und endet ${when}.`,
    token: 'Mein Token in den Code aufnehmen',
    tokenAsked: 'Sonst fragt das Telefon nach einem Token.',
    tokenWarning: 'Wer diesen Code scannt, kann auf diesem Server alles, was der Besitzer des Tokens kann.',
    host: 'Rechner in der Adresse',
    loopback:
      'Diese Adresse gilt nur auf diesem Computer. Ein Telefon im selben Netzwerk erreicht den Server, wenn er so gestartet wird:',
    loopbackThen: 'Er gibt eine Adresse mit Token aus: diese hier öffnen, und der Code passt.',
    command: 'Befehl, der den Server für das Netzwerk startet',
  },
  code: {
    swift: 'In der App',
    file: 'Datei',
    vision: 'Swift für genau diese Datei. Vision bringt das Bild auf die Größe, die das Netz nimmt.',
    arrays:
      'Swift für genau diese Datei. Die Zahlen kommen als Array hinein, in der Reihenfolge des Datensatzes.',
    columns: 'Swift für genau diese Datei. Rohe Werte gehen mit ihrem Namen hinein, einer je Spalte.',
    none: 'Diese Datei hat eine Schnittstelle, für die hier kein Swift geschrieben wird.',
    commands: 'Mit anderen Programmen',
    quickml: 'Kommandozeile',
  },
};
export default take;
