/** What Build shows beside the document: the network as drawn, and where a layer is about to be added. */

import { datasetOf } from '../../api/samples.ts';
import { catalogue } from '../../data/catalogue.svelte.ts';
import { concise } from '../../document/concise.ts';
import { draft } from '../../document/draft.svelte.ts';
import { pretty } from '../../document/pretty.ts';
import { fieldsOf, isStandard } from '../../forms/fields.ts';
import { mergeOn, newLayer, placeFor } from '../../graph/defaults.ts';
import { canMove, exchange, insertion } from '../../graph/edits.ts';
import { branches, INPUT, networkOf, type Edge, type Network, type Node } from '../../graph/network.ts';
import type { Shape } from '../../graph/shapes.ts';
import { t } from '../../text/index.svelte.ts';
import { repaired, type Repaired } from './preview.svelte.ts';

/** What is dragged: a new layer of a type, or one of the network. */
export interface Dragged {
  readonly type: string;
  readonly index: number | null;
  readonly x: number;
  readonly y: number;
}

class Canvas {
  /** Blocks drawn larger or smaller than usual; null lets the number of layers decide. */
  zoom = $state<number | null>(null);
  /** The edge on which the next layer goes, while its type is being chosen; null lets it go where it fits. */
  place = $state.raw<Edge | null>(null);
  /** Whether the next layer goes to the end. */
  atEnd = $state(false);
  /** Whether the search for a type is open. */
  searching = $state(false);
  dragged = $state.raw<Dragged | null>(null);
  /** The edge under what is dragged. */
  target = $state.raw<Edge | null>(null);
  /** Announced to screen readers. */
  said = $state('');
  after = $state.raw<Repaired | null>(null);

  readonly dataset = $derived(datasetOf(draft.shown));
  readonly known = $derived(catalogue.dataset(this.dataset.name));
  /** Shape of a sample; options such as the length of sequences change it. */
  readonly input = $derived.by<Shape | null>(() => {
    const shape = this.known?.shape ?? null;
    const { steps } = this.dataset.options;
    return shape && typeof steps === 'number' && this.known?.kind !== 'image'
      ? [steps, ...shape.slice(1)]
      : shape;
  });
  readonly network = $derived<Network>(
    networkOf(
      draft.layers,
      this.input,
      draft.check && {
        row: (index) => draft.row(index),
        problems: draft.problems,
        repaired: this.after?.rows ?? [],
      },
    ),
  );
  readonly branched = $derived(branches(draft.layers));

  /** Write a document of the SculptML app as one of QuickML, whose blocks can be changed. */
  convert(): void {
    const { spec } = draft.check ?? {};
    if (!spec) return;
    const isUsual = (type: string, key: string, value: unknown): boolean => {
      const schema = catalogue.type(type)?.schema;
      const field = schema && fieldsOf(schema).find((one) => one.key === key);
      return !!field && isStandard(field, value);
    };
    draft.replaceText(pretty(concise(spec, isUsual)), 'example');
  }

  node(id: number): Node | null {
    return this.network.nodes.find((node) => node.id === id) ?? null;
  }

  /** Ask what the first fix would give. Returns how to stop asking. */
  look(): () => void {
    const asking = new AbortController();
    if (draft.problems[0]?.fix && draft.isCurrent)
      void repaired(draft, asking.signal).then((found) => {
        if (!asking.signal.aborted) this.after = found;
      });
    else if (draft.isCurrent) this.after = null;
    return () => asking.abort();
  }

  /** Open the search for a layer that goes on an edge, or at the end; where it fits without a place. */
  search(place: Edge | null, end = false): void {
    this.place = place;
    this.atEnd = end;
    this.searching = true;
  }

  /** The edge behind a block; null at the end. */
  behind(id: number): Edge | null {
    return this.network.edges.find(({ from, to }) => from === id && to >= 0) ?? null;
  }

  /** Add a layer of a type on an edge; where it fits without one. */
  add(type: string, place: Edge | null = this.place): void {
    const kind = catalogue.type(type);
    if (!kind || !draft.editable) return;
    const edge = place ?? (this.atEnd ? null : placeFor(this.network, kind, draft.selected));
    const tokens = this.known?.kind === 'tokens' ? (this.known.vocabulary?.length ?? null) : null;
    const from = edge ? edge.from : draft.layers.length - 1;
    const layer = newLayer(kind, this.node(from)?.shape ?? null, tokens || null);
    const index = edge ? edge.to : draft.layers.length;
    if (kind.merges && edge) draft.apply(mergeOn(this.network, draft.layers, edge, type));
    else if (edge && Array.isArray(draft.layers[edge.to]?.values['inputs']))
      draft.apply(insertion(draft.layers, edge, layer));
    else draft.insertLayer(index, layer);
    draft.selected = index;
    this.search(null);
    this.searching = false;
    this.said = t().build.canvas.added(type, index + 1);
  }

  remove(index: number): void {
    const type = draft.layers[index]?.type ?? '';
    draft.removeLayer(index);
    this.said = t().build.canvas.removed(type);
  }

  canMove(index: number, by: -1 | 1): boolean {
    return draft.editable && canMove(draft.layers, index, by);
  }

  move(index: number, by: -1 | 1): void {
    if (!this.canMove(index, by)) return;
    const type = draft.layers[index]!.type;
    if (this.branched) draft.apply(exchange(draft.layers, index, by));
    else draft.moveLayer(index, index + by);
    draft.selected = index + by;
    this.said = t().build.canvas.moved(type, index + by + 1);
  }

  /** Let go of what is dragged. */
  drop(): void {
    const { dragged, target } = this;
    this.dragged = null;
    this.target = null;
    if (!dragged || !target) return;
    if (dragged.index === null) this.add(dragged.type, target);
    else draft.moveLayer(dragged.index, target.to > dragged.index ? target.to - 1 : target.to);
  }
}

export const canvas = new Canvas();
export { INPUT };
