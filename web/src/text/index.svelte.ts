import { Newest } from '../state/newest.ts';
import { keep, kept } from '../state/storage.ts';
import en from './en.ts';
import type { Texts } from './en.ts';
import { named } from './named.ts';

/** The languages of the page. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', es: 'Español' } as const;
export type Language = keyof typeof LANGUAGES;

const OTHERS: Record<Exclude<Language, 'en'>, () => Promise<{ default: Texts }>> = {
  de: () => import('./de.ts'),
  es: () => import('./es.ts'),
};
const KEPT = 'quickml.language';

const chosen = new Newest();
const current = $state<{ language: Language; texts: Texts }>({ language: 'en', texts: en });

/** The texts of the current language: `t().watch.title`. Texts with values are functions. */
export function t(): Texts {
  return current.texts;
}

/** The current language. */
export function language(): Language {
  return current.language;
}

/** Change the language, and keep the choice on this device. */
export async function speak(wanted: Language): Promise<void> {
  keep('localStorage', KEPT, wanted);
  await use(wanted);
}

async function use(wanted: Language): Promise<void> {
  const isNewest = chosen.begin();
  const texts = wanted === 'en' ? en : named(en, (await OTHERS[wanted]()).default);
  if (!isNewest()) return; // another one was chosen while this one was loaded
  current.language = wanted;
  current.texts = texts;
  document.documentElement.lang = wanted;
}

/** Use the language chosen before, else the first one of the browser's that the page has. */
export async function speakPreferred(): Promise<void> {
  const wanted = [kept('localStorage', KEPT), ...navigator.languages].map((name) => name?.slice(0, 2));
  const found = wanted.find(
    (name): name is Language => name !== undefined && name !== null && name in LANGUAGES,
  );
  if (found && found !== 'en') await use(found);
}

/** Making a formatter takes 50 times as long as using it, and a stroke of the pencil needs thirty numbers. */
const formatters = new Map<string, Intl.NumberFormat>();

function formatter(options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  const key = current.language + JSON.stringify(options);
  const known = formatters.get(key) ?? new Intl.NumberFormat(current.language, options);
  formatters.set(key, known);
  return known;
}

/** A hyphen is too short beside a plus sign. */
const minus = (text: string): string => text.replace('-', '−');

/** Numbers, sizes and durations as the current language writes them. */
export const format = {
  /** `1,199,882` */
  integer: (value: number): string => formatter().format(Math.round(value)),
  /** `0.178`: `digits` significant digits; `5.13E21` for what would be a row of zeros. */
  number: (value: number, digits = 3): string => {
    const size = Math.abs(value);
    const short = size >= 1e9 || (size > 0 && size < 1e-6);
    return formatter({
      maximumSignificantDigits: digits,
      ...(short && { notation: 'scientific' }),
    }).format(value);
  },
  /** `1904` */
  year: (value: number): string => formatter({ useGrouping: false }).format(value),
  /** `94.0 %`; `share` is 0 to 1. */
  percent: (share: number, digits = 1): string =>
    formatter({
      style: 'percent',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(share),
  /** `−12.3`, `+0.178`, `0` */
  signed: (value: number, digits = 3): string =>
    minus(formatter({ maximumSignificantDigits: digits, signDisplay: 'exceptZero' }).format(value)),
  /** `+94.0 %`; what rounds to 0 has no sign. */
  signedPercent: (share: number, digits = 1): string =>
    minus(
      formatter({
        style: 'percent',
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
        signDisplay: 'exceptZero',
      }).format(share),
    ),
  /** `604 KB`: thousands, as Apple and the reports of QuickML count. */
  bytes: (bytes: number): string => {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
    const power = bytes < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3));
    return formatter({
      style: 'unit',
      unit: units[power]!,
      unitDisplay: power ? 'short' : 'long',
      maximumSignificantDigits: 3,
    }).format(bytes / 1000 ** power);
  },
  /** `0:04`, `1:02:03` */
  duration: (seconds: number): string => {
    const whole = Math.max(0, Math.round(seconds));
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (value: number): string => String(value).padStart(2, '0');
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  },
  /** `yesterday`, `3 minutes ago`; `now` is the server's, see `clock`. */
  ago: (time: Date, now: Date): string => {
    const seconds = (time.getTime() - now.getTime()) / 1000;
    const relative = new Intl.RelativeTimeFormat(current.language, { numeric: 'auto' });
    for (const [unit, length] of [
      ['day', 86400],
      ['hour', 3600],
      ['minute', 60],
    ] as const)
      if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
    return relative.format(Math.round(seconds), 'second');
  },
  /** `3 Mar 2026, 14:05`, of a time as the server writes it */
  moment: (time: string): string =>
    new Intl.DateTimeFormat(current.language, { dateStyle: 'medium', timeStyle: 'short' }).format(
      new Date(time),
    ),
  /** `28 × 28 × 1` */
  shape: (shape: readonly (number | null)[]): string => shape.map((length) => length ?? '?').join(' × '),
  list: (parts: string[]): string =>
    new Intl.ListFormat(current.language, { type: 'conjunction' }).format(parts),
};
