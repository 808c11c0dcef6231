/** The inputs of test samples, fetched in batches when somebody wants to see them, and kept. */

import { ServerProblem } from '../../api/client.ts';
import { isOwn, samples, sheet } from '../../api/samples.ts';
import type { DatasetChoice, Kind } from './report.ts';

/** Numbers of one sample in row-major order: bytes of a picture, otherwise floats. */
export type Values = Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

const PICTURES = 200; // per sheet; the server allows 500
const NUMBERS = 100_000; // per request

export class Inputs {
  readonly #known = new Map<number, Values>();
  readonly #asked = new Set<number>();
  #version = $state(0);
  error = $state.raw<ServerProblem | null>(null);

  constructor(
    readonly dataset: DatasetChoice,
    readonly kind: Kind,
    readonly shape: readonly number[],
  ) {}

  /** Whether the server gives out no samples. */
  get isMissing(): boolean {
    return isOwn(this.dataset);
  }

  /** The input of a test sample; null until it is there. */
  get(id: number): Values | null {
    void this.#version;
    return this.#known.get(id) ?? null;
  }

  /** Fetch what is not there yet. */
  want(ids: readonly number[]): void {
    if (this.isMissing) return;
    const missing = ids.filter((id) => !this.#asked.has(id));
    const size = this.shape.reduce((product, side) => product * side, 1);
    const batch = this.kind === 'image' ? PICTURES : Math.max(1, Math.min(200, Math.trunc(NUMBERS / size)));
    for (const id of missing) this.#asked.add(id);
    for (let at = 0; at < missing.length; at += batch) void this.#fetch(missing.slice(at, at + batch));
  }

  async #fetch(ids: number[]): Promise<void> {
    try {
      const found = this.kind === 'image' ? await this.#pictures(ids) : await this.#numbers(ids);
      found.forEach((values, i) => this.#known.set(ids[i]!, values));
      this.error = null;
      this.#version++;
    } catch (error) {
      for (const id of ids) this.#asked.delete(id);
      this.error = error instanceof ServerProblem ? error : new ServerProblem(0, 'offline', String(error));
    }
  }

  async #numbers(ids: number[]): Promise<Values[]> {
    const { name, options } = this.dataset;
    const { values } = await samples(name, { options, split: 'test', ids });
    return (values ?? []).map((nested) => Float32Array.from([nested].flat(Infinity) as number[]));
  }

  async #pictures(ids: number[]): Promise<Values[]> {
    const cut = await sheet(this.dataset.name, ids, this.dataset.options);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [cut.image.naturalWidth, cut.image.naturalHeight];
    const context = canvas.getContext('2d', { willReadFrequently: true })!;
    context.drawImage(cut.image, 0, 0);
    return ids.map((id) => {
      const { x, y } = cut.place(id);
      return channelsOf(context.getImageData(x, y, cut.width, cut.height).data, this.shape[2] ?? 1);
    });
  }
}

/** The first channels of RGBA pixels. */
export function channelsOf(rgba: Uint8ClampedArray, channels: number): Uint8Array<ArrayBuffer> {
  const found = new Uint8Array((rgba.length / 4) * channels);
  for (let i = 0; i < found.length; i++) found[i] = rgba[4 * Math.trunc(i / channels) + (i % channels)]!;
  return found;
}
