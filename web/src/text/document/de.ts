import type { Texts } from '../en.ts';
import settings from './settings.de.ts';

const document: Texts['document'] = {
  title: 'Das Dokument',
  name: 'Das Dokument als JSON',
  either: 'beide Seiten lassen sich bearbeiten',
  leave: 'Tab rückt ein. Escape, dann Tab verlässt den Editor.',
  checked: (ms) => `geprüft in ${ms} ms`,
  checking: 'wird geprüft …',
  notChecked: (detail) => `Nicht geprüft: ${detail}`,
  lines: (lines, count) =>
    `${count === 1 ? 'Zeile' : 'Zeilen'} ${lines.join(', ')}${count > lines.length ? ' …' : ''}`,
  toFix: (count) =>
    count === 0
      ? 'Nichts zu beheben.'
      : count === 1
        ? 'Eine Sache zu beheben.'
        : `${count} Dinge zu beheben.`,
  more: (count) => (count > 0 ? `${count} weitere` : 'Es gibt weitere.'),
  failures: {
    damaged: () => 'Dieser Link ist beschädigt oder abgeschnitten. Der Entwurf ist unverändert.',
    large: () => 'Das Dokument in diesem Link ist größer als 256 KiB. Der Entwurf ist unverändert.',
    size: () =>
      'Ein Dokument darf höchstens 1 MiB haben, dieser Text wäre größer. Der Entwurf ist unverändert.',
    example: (name) => `Der Server hat kein Beispiel „${name}“. Der Entwurf ist unverändert.`,
    server: (detail) => `${detail} Der Entwurf ist unverändert.`,
  },
  types: {
    integer: 'eine ganze Zahl',
    number: 'eine Zahl',
    string: 'ein Text in Anführungszeichen',
    boolean: 'true oder false',
    array: 'eine Liste',
    object: 'ein Objekt',
  },
  settings,
  optimizers: {
    SGD: 'Geht geradewegs bergab, auf Wunsch mit Schwung.',
    RMSprop: 'Macht Schritte gleichmäßig, wo Gradienten verschieden groß sind.',
    Adam: 'RMSprop mit Schwung; eine gute erste Wahl.',
    AdamW: 'Adam, das Gewichte auch gegen null zieht.',
    Adagrad: 'Schritte werden kleiner, wo schon viel gelernt ist.',
    Adadelta: 'Adagrad, das vergisst; im Aufsatz mit Lernrate 1.',
    Nadam: 'Adam, das vorausschaut.',
  },
  training: {
    title: 'Wie es lernt',
    sentence:
      'Das Netz sieht einen Stapel Beispiele an, vergleicht seine Antworten mit den richtigen und dreht jedes Gewicht ein wenig.',
    more: 'Weitere Einstellungen',
    files: 'Die Dateien, die entstehen',
    byDefault: (value) => `sonst ${value}`,
    none: 'keine',
    chosen: 'passend zum Datensatz',
    automatic: 'automatisch',
    invalid: 'Keine Zahl',
    changed: (count) => `${count} gesetzt`,
    noSchema: (detail) => `Die Einstellungen ließen sich nicht laden: ${detail}`,
  },
  train: {
    button: 'Trainieren',
    sending: 'Wird gesendet …',
    toFix: (count) =>
      count === 1
        ? 'Eine Sache ist zu beheben, bevor es trainieren kann.'
        : `${count} Dinge sind zu beheben, bevor es trainieren kann.`,
    first: 'Die erste zeigen',
    checking: 'Wird geprüft …',
    refused: {
      'queue-full': 'Die Warteschlange ist voll. Warten, bis ein Auftrag fertig ist, dann erneut versuchen.',
      'owner-limit':
        'Mehr Aufträge erlaubt dieser Server nicht. Auf einen warten, oder unter Läufe einen löschen.',
      'disk-full': 'Die Festplatte des Servers ist voll. Läufe zu löschen schafft Platz.',
      storage: 'Der Server kann gerade keine Aufträge speichern.',
      offline: 'Der Server ist nicht erreichbar. Nichts ist verloren; erneut versuchen.',
    },
  },
  estimate: {
    title: 'Bevor es läuft',
    time: (middle) => `etwa ${middle}`,
    range: (low, high) => `${low} bis ${high} in neun von zehn Fällen`,
    basedOn: (jobs) =>
      jobs === 1
        ? 'nach dem letzten Auftrag dieses Servers'
        : `nach den letzten ${jobs} Aufträgen dieses Servers`,
    untried: 'dieser Server hat noch keinen fertigen Auftrag, daher nur grob',
    memory: 'Speicher beim Training',
    files: 'Die Dateien',
    orLess: (size) => `oder herab bis ${size}`,
    none: 'Bekannt, sobald alles passt.',
    weights: (count) => `${count} Gewichte`,
    share: (share, type, number) =>
      `${share} der Gewichte stecken in der ${type}-Schicht (Schicht ${number}).`,
    more: 'Die Zeit reicht vom Bauen bis zum Prüfen, ohne Warten in der Schlange. Der Speicher ist der des ganzen Workers. Frühes Aufhören kann sie verkürzen.',
  },
};
export default document;
