/** Pictures by class, taken with the camera or from files, and the archive that is made of them. */

import { own } from './words.svelte.ts';
import { middle } from '../try/picture.ts';
import { zipped } from './zip.ts';

/** Width and height of pictures: those of most networks for pictures, and of Teachable Machine. */
export const SIDE = 224;
const QUALITY = 0.9;
/** Between two pictures of a recording. */
export const FRAME_MS = 100;
const FEWEST = 2;

export interface Shot {
  readonly content: Blob;
  /** Address for an `<img>`. */
  readonly url: string;
  /** Pictures of one hold are alike. */
  readonly hold: number;
}

/** The share of each class that the test gets, and how much it may become so that no hold is divided. */
const [TEST, MOST_TEST] = [0.2, 0.4];

/**
 * How many of a class's pictures come before those for the test, which are the last ones in time: pictures of one
 * hold are alike, and a test with some of them would flatter.
 */
export function learned(holds: readonly number[]): number {
  const count = holds.length;
  const last = Math.min(count - 1, Math.max(1, Math.round(count * (1 - TEST))));
  const begins = holds.indexOf(holds[last]!);
  if (begins === last) return last;
  const ends = holds.lastIndexOf(holds[last]!) + 1;
  if (begins && count - begins <= count * MOST_TEST) return begins;
  return ends < count ? ends : last;
}

export class Group {
  name = $state('');
  shots = $state.raw<readonly Shot[]>([]);
  /** Names of files that are no pictures. */
  refused = $state.raw<readonly string[]>([]);

  #hold = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** From here on, pictures may be of something else. */
  begin(): void {
    this.#hold += 1;
  }

  /** Take what is seen, or drawn: its middle as a square. */
  async take(from: CanvasImageSource, width: number, height: number): Promise<void> {
    const hold = this.#hold;
    const content = await squared(from, width, height);
    if (content) this.shots = [...this.shots, { content, url: URL.createObjectURL(content), hold }];
  }

  async add(files: readonly File[]): Promise<void> {
    this.refused = [];
    for (const file of files) {
      try {
        this.begin();
        const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
        await this.take(picture, picture.width, picture.height);
        picture.close();
      } catch {
        this.refused = [...this.refused, file.name];
      }
    }
  }

  drop(shot: Shot): void {
    URL.revokeObjectURL(shot.url);
    this.shots = this.shots.filter((one) => one !== shot);
  }
}

function squared(from: CanvasImageSource, width: number, height: number): Promise<Blob | null> {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext('2d')!;
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#fff';
  context.fillRect(0, 0, SIDE, SIDE);
  context.drawImage(from, ...middle(width, height, [SIDE, SIDE]), 0, 0, SIDE, SIDE);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
}

class Album {
  groups = $state.raw<readonly Group[]>([]);

  /** Whether a network can learn from it. */
  readonly ready = $derived(
    this.groups.length > 1 &&
      new Set(this.groups.map(({ name }) => folded(name))).size === this.groups.length &&
      this.groups.every(({ name, shots }) => folded(name) && shots.length >= FEWEST),
  );

  add(): void {
    this.groups = [...this.groups, new Group(own().className(this.groups.length + 1))];
  }

  remove(group: Group): void {
    group.shots.forEach((shot) => group.drop(shot));
    this.groups = this.groups.filter((one) => one !== group);
  }

  async archive(): Promise<File> {
    const entries = this.groups.flatMap(({ name, shots }) => {
      const most = learned(shots.map(({ hold }) => hold));
      return shots.map(async ({ content }, at) => ({
        name: `${at < most ? 'train' : 'test'}/${folderOf(name)}/${String(at + 1).padStart(4, '0')}.jpg`,
        content: new Uint8Array(await content.arrayBuffer()),
      }));
    });
    return new File([zipped(await Promise.all(entries))], own().archive, { type: 'application/zip' });
  }
}

/** Classes are told apart as the server does it: by more than case and blanks. */
const folded = (name: string): string => folderOf(name).toLocaleLowerCase().replaceAll(/\s+/g, ' ');

/** A name of a class as that of a folder. */
export function folderOf(name: string): string {
  return name
    .normalize('NFC')
    .replaceAll(/[/\\:*?"<>|\p{Cc}]/gu, ' ')
    .trim()
    .replace(/^\.+/, '');
}

export const album = new Album();
