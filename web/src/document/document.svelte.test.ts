import { readFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Draft as DraftClass } from './document.svelte.ts';
import { applied, type Patch } from './patch.ts';
import { seeded } from './random.ts';
import { read } from './source.ts';

const MNIST = readFileSync(new URL('../../../mnist_cnn.json', import.meta.url), 'utf8');
const INCEPTION = readFileSync(new URL('../../../examples/mnist_inception.json', import.meta.url), 'utf8');

let Draft: typeof DraftClass;
const asked: string[] = [];
const answer = { valid: true, layers: null, problems: [], more: false, warnings: [] } as never;

function drafted(text: string): DraftClass {
  return new Draft(text, (question) => (asked.push(question), Promise.resolve(answer)));
}

beforeAll(async () => {
  vi.stubGlobal('location', { hash: '', href: 'http://127.0.0.1/', pathname: '/', search: '' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => undefined });
  ({ Draft } = await import('./document.svelte.ts'));
});
beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
});

describe('Draft', () => {
  it('removes a layer in the text, and undo returns to the exact text', () => {
    const draft = drafted(MNIST);
    draft.removeLayer(4);
    expect(draft.text).toBe(MNIST.replace('      {"type": "Flatten"},\n', ''));
    expect(draft.layers.map((layer) => layer.type)).not.toContain('Flatten');
    draft.undo();
    expect(draft.text).toBe(MNIST);
    expect(draft.canUndo).toBe(false);
    draft.redo();
    expect(draft.text).not.toContain('Flatten');
  });

  it('shows a document of the SculptML app as the server understands it', async () => {
    const text = '{"model": {"layer_0": {"layer": "DenseLyr", "units": 3}}, "dataset": {"name": "Iris"}}';
    const spec = {
      dataset: { name: 'iris' },
      model: { layers: [{ type: 'Dense', name: 'dense', units: 3 }] },
    };
    const draft = new Draft(text, () => Promise.resolve({ ...(answer as object), spec } as never));
    expect(draft.shown['dataset']).toEqual({ name: 'Iris' });
    await vi.runAllTimersAsync();
    expect(draft.shown['dataset']).toEqual({ name: 'iris' });
    expect(draft.layers.map(({ type, name }) => [type, name])).toEqual([['Dense', 'dense']]);
    expect(draft.editable).toBe(false);
    expect(draft.text).toBe(text);
  });

  it('applies a fix', () => {
    const draft = drafted(MNIST.replace('      {"type": "Flatten"},\n', ''));
    draft.apply([{ op: 'add', path: '/model/layers/4', value: { type: 'Flatten' } }]);
    expect(draft.text).toBe(MNIST);
  });

  it('leaves the text if a fix no longer fits', () => {
    const draft = drafted(MNIST);
    draft.apply([{ op: 'remove', path: '/model/layers/40' }]);
    draft.apply('nonsense');
    expect(draft.text).toBe(MNIST);
    expect(draft.canUndo).toBe(false);
  });

  it('sets values in objects that are missing, or stand as a name', () => {
    const draft = drafted('{"name": "a", "dataset": "moons", "model": {"layers": []}}');
    draft.edit('/training/epochs', 3);
    draft.edit('/training/optimizer/learning_rate', 0.1);
    draft.edit('/dataset/noise', 0.2);
    draft.edit('/dataset/noise', 0.2);
    expect(JSON.parse(draft.text)).toEqual({
      name: 'a',
      dataset: { name: 'moons', noise: 0.2 },
      model: { layers: [] },
      training: { epochs: 3, optimizer: { type: 'Adam', learning_rate: 0.1 } },
    });
  });

  it('keeps the last blocks while the text cannot be read', () => {
    const draft = drafted(MNIST);
    draft.replaceText(MNIST.slice(0, 300), 'editor');
    expect(draft.value).toBeNull();
    expect(draft.editable).toBe(false);
    expect(draft.layers).toHaveLength(8);
    draft.edit('/training/epochs', 3);
    expect(draft.text).toBe(MNIST.slice(0, 300));
  });

  it('groups what is typed, and the steps of a slider', () => {
    const draft = drafted(MNIST);
    for (const length of [10, 11, 12]) draft.replaceText(MNIST.slice(length), 'editor');
    draft.undo();
    expect(draft.text).toBe(MNIST);
    for (const units of [100, 90, 80]) draft.edit('/model/layers/5/units', units);
    draft.edit('/training/epochs', 2);
    draft.undo();
    draft.undo();
    expect(draft.text).toBe(MNIST);
  });

  it('asks about the newest text only', async () => {
    const draft = drafted(MNIST);
    draft.replaceText(`${MNIST} `, 'editor');
    draft.replaceText(`${MNIST}  `, 'editor');
    expect(draft.canTrain).toBe(false);
    await vi.advanceTimersByTimeAsync(50);
    expect(asked).toEqual([`${MNIST}  `]);
    expect(draft.isCurrent).toBe(true);
    expect(draft.canTrain).toBe(true);
  });

  it('finds lines, and the layer around a position', () => {
    const draft = drafted(MNIST);
    expect(draft.linesOf(4)).toEqual({ first: 10, last: 10 });
    draft.selectAt(MNIST.indexOf('"Flatten"'));
    expect(draft.selected).toBe(4);
  });

  it('connects the neighbours of a removed layer in a graph', () => {
    const draft = drafted(INCEPTION);
    draft.removeLayer(draft.layers.findIndex((layer) => layer.name === 'one_1'));
    const merged = draft.layers.find((layer) => layer.type === 'Concatenate')!;
    expect(merged.values['inputs']).toEqual(['stem', 'three_1', 'five_1', 'pool_1']);
    expect(merged.inbound).toHaveLength(4);
  });

  it('puts a layer between two in a graph', () => {
    const draft = drafted(INCEPTION);
    const index = draft.layers.findIndex((layer) => layer.name === 'one_1');
    draft.insertLayer(index, { type: 'Dropout', rate: 0.1 });
    expect(draft.layers[index]!.values).toEqual({
      type: 'Dropout',
      rate: 0.1,
      name: 'dropout_1',
      inputs: ['stem'],
    });
    expect(draft.layers[index + 1]!.values['inputs']).toEqual(['dropout_1']);
  });

  it('reads documents of the SculptML app', () => {
    const draft = drafted(
      '{"model": {"layer_1": {"layer": "DenseLyr"}, "layer_0": {"layer": "FlattenLyr"}}}',
    );
    expect(draft.layers.map((layer) => [layer.type, layer.pointer])).toEqual([
      ['Flatten', '/model/layer_0'],
      ['Dense', '/model/layer_1'],
    ]);
    expect(draft.editable).toBe(false);
  });
});

describe('random edits', () => {
  it.each([
    ['mnist', MNIST],
    ['inception', INCEPTION],
  ])('of %s keep both sides equal, and can be undone and done again', (_, text) => {
    for (let seed = 0; seed < 12; seed++) {
      const random = seeded(seed);
      const draft = drafted(text);
      const texts = [draft.text];
      for (let step = 0; step < 25; step++) {
        vi.advanceTimersByTime(1000);
        edit(draft, random);
        if (draft.text !== texts.at(-1)) texts.push(draft.text);
        expect(draft.value).toEqual(JSON.parse(draft.text));
        expect(draft.layers.map((layer) => layer.values)).toEqual(layersIn(draft.text));
      }
      for (const before of texts.slice(0, -1).reverse()) {
        draft.undo();
        expect(draft.text).toBe(before);
        expect(draft.layers.map((layer) => layer.values)).toEqual(layersIn(before));
      }
      expect(draft.canUndo).toBe(false);
      for (const after of texts.slice(1)) {
        draft.redo();
        expect(draft.text).toBe(after);
      }
      expect(draft.canRedo).toBe(false);
    }
  });
});

function layersIn(text: string): unknown {
  return (JSON.parse(text) as { model: { layers: unknown } }).model.layers;
}

function edit(draft: DraftClass, random: (below: number) => number): void {
  const index = random(draft.layers.length + 1);
  switch (random(8)) {
    case 0:
      return draft.insertLayer(index, { type: 'Dense', units: random(99) + 1, activation: 'relu' });
    case 1:
      return draft.removeLayer(index);
    case 2:
      return draft.moveLayer(index, random(draft.layers.length));
    case 3:
      return draft.duplicate(index);
    case 4:
      return draft.edit(`/training/epochs`, random(3) ? random(99) : undefined);
    case 5:
      return draft.edit('/training/optimizer/learning_rate', random(100) / 100);
    case 6: {
      const patch: Patch = [{ op: 'add', path: `/model/layers/${index}`, value: { type: 'Flatten' } }];
      const wanted = applied(read(draft.text).value, patch);
      draft.apply(patch);
      expect(draft.value).toEqual(wanted);
      return;
    }
    default: // typed in the text
      return draft.replaceText(draft.text.replace(/"units": \d+/, `"units": ${random(500)}`), 'editor');
  }
}
