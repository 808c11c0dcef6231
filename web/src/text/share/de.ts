import type { Texts } from '../en.ts';

const share: Texts['share'] = {
  title: 'Teilen',
  build: 'Dieser Link enthält das ganze Dokument. Wer ihn öffnet, kann eine Kopie ändern und trainieren.',
  job: 'Dieser Link führt zu dem, was hier zu sehen ist. Er gilt nur für diesen Server.',
  address: 'Link',
  hide: 'Für andere ausblenden',
  hideHelp:
    'Für eine Klasse: je weniger Teile, desto klarer die Aufgabe. Es blendet aus, verbietet aber nichts.',
  parts: {
    dataset: 'Wahl des Datensatzes',
    examples: 'Beispiele',
    palette: 'Schichten hinzufügen',
    training: 'Einstellungen des Trainings',
    document: 'Dokument als Text',
  },
  token: 'Eigenes Token mitgeben',
  tokenWarning:
    'Wer diesen Link hat, handelt im eigenen Namen: trainiert, sieht und löscht die eigenen Läufe. Sicherer ist ein Token für jede Person.',
  send: 'Senden …',
  qr: 'QR-Code des Links',
  tooLong: 'Der Link ist zu lang für einen QR-Code.',
  tooLarge: 'Das Dokument ist größer als 256 KiB: zu groß für einen Link.',
  loopback:
    'Andere Geräte können diese Adresse nicht öffnen: Sie bedeutet „dieser Computer“. Den Server für das eigene Netz starten, und die Adresse öffnen, die er ausgibt:',
};
export default share;
