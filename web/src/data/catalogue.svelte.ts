/** What the server offers: datasets, types of layers and examples. Loaded once. */

import { request, type Schemas, ServerProblem } from '../api/client.ts';

export type LayerType = Schemas['LayerMessage'];
export type Dataset = Schemas['DatasetMessage'];
export type Example = Schemas['ExampleMessage'];

async function read<T>(path: string): Promise<T> {
  return (await (await request(path)).json()) as T;
}

class Catalogue {
  layers = $state.raw<readonly LayerType[]>([]);
  datasets = $state.raw<readonly Dataset[]>([]);
  examples = $state.raw<readonly Example[]>([]);
  error = $state.raw<ServerProblem | null>(null);
  #details = $state.raw<Readonly<Record<string, Schemas['DatasetDetails']>>>({});
  #asked = new Set<string>();

  readonly #types = $derived(new Map(this.layers.map((kind) => [kind.type, kind])));
  readonly #sets = $derived(new Map(this.datasets.map((dataset) => [dataset.name, dataset])));

  #loading: Promise<void> | null = null;

  /** Load what is not there yet; again after an error. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #load(): Promise<void> {
    this.error = null;
    try {
      await Promise.all([
        this.layers.length ||
          read<Schemas['LayerList']>('v1/layers').then((all) => (this.layers = all.layers)),
        this.datasets.length ||
          read<Schemas['DatasetList']>('v1/datasets').then((all) => (this.datasets = all.datasets)),
        this.examples.length ||
          read<Schemas['ExampleList']>('v1/examples').then((all) => (this.examples = all.examples)),
      ]);
    } catch (error) {
      this.error = error instanceof ServerProblem ? error : new ServerProblem(0, 'offline', String(error));
    }
  }

  type(name: string): LayerType | null {
    return this.#types.get(name) ?? null;
  }

  dataset(name: string): Dataset | null {
    return this.#sets.get(name) ?? null;
  }

  /** A dataset with its options; null until it has come. */
  details(name: string): Schemas['DatasetDetails'] | null {
    return this.#details[name] ?? null;
  }

  /** Ask for the options of a dataset. */
  async ask(name: string): Promise<void> {
    if (this.#asked.has(name) || !this.#sets.has(name)) return;
    this.#asked.add(name);
    try {
      const details = await read<Schemas['DatasetDetails']>(`v1/datasets/${encodeURIComponent(name)}`);
      this.#details = { ...this.#details, [name]: details };
    } catch {
      this.#asked.delete(name); // the panel shows the dataset without options
    }
  }
}

export const catalogue = new Catalogue();
