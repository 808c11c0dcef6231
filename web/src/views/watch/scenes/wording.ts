/** Sentences about this network at this moment, from its own numbers: only what is true. */

import type { Frame } from '../../../film/film.ts';
import { format, t } from '../../../text/index.svelte.ts';
import { strongestLine, unitFacts, type Network, type Unit } from './network.ts';

/** `+2.3` or `−0.41` */
export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${format.number(Math.abs(value), Math.abs(value) < 1 ? 2 : 3)}`;
}

const hiddenLayers = (network: Network): number =>
  network.columns.filter(({ kind }) => kind === 'hidden').length;

/** `Neuron 5 of the second layer`, or inside a sentence `neuron 5 of the second layer`. */
export function unitName(network: Network, unit: Unit, inside = false): string {
  const texts = t().scenes;
  return (inside ? texts.unitInside : texts.unit)(unit.index + 1, unit.column, hiddenLayers(network));
}

/** What a line leads to or comes from. */
function placeName(network: Network, unit: Unit, names: Names): string {
  const column = network.columns[unit.column]!;
  if (column.kind === 'input') return names.inputs[unit.index] ?? String(unit.index + 1);
  if (column.kind === 'hidden') return unitName(network, unit, true);
  return column.shown === 1 ? t().scenes.theAnswer : t().scenes.theAnswerOf(names.labels[unit.index] ?? '');
}

export interface Names {
  readonly inputs: readonly string[];
  readonly labels: readonly string[];
}

/** What all units do. */
export function networkSentence(network: Network, plane: boolean, sample: string): string {
  const texts = t().scenes;
  const hidden = network.columns.filter(({ kind }) => kind === 'hidden');
  const all = hidden.reduce((sum, column) => sum + column.total, 0);
  if (!plane) return texts.networkValues(sample);
  if (!network.straight || !hidden.length) return texts.networkPlain(all);
  const [first, ...rest] = hidden;
  if (!rest.length) return texts.straightOne(first!.total);
  const mixing = rest.map((column, i) => texts.mixes(column.total, hidden[i]!.total, i + 2));
  return texts.straightMore(first!.total, mixing.slice(0, 2).join(' '));
}

/** What stands out at this moment. */
export function momentSentence(network: Network, frame: Frame, names: Names, plane: boolean): string {
  const texts = t().scenes;
  const strongest = strongestLine(network, frame);
  const said = strongest
    ? [
        texts.strongest(
          placeName(network, strongest.from, names),
          placeName(network, strongest.to, names),
          signed(strongest.weight),
        ),
      ]
    : [];
  if (plane)
    network.columns.forEach((column, at) => {
      const count = silent(network, frame, at);
      if (column.kind === 'hidden' && count) said.push(texts.silent(count, at));
    });
  return said.join(' ');
}

/** How many units of a column are 0 everywhere. */
function silent(network: Network, frame: Frame, column: number): number {
  const { part, shown, kind } = network.columns[column]!;
  if (kind !== 'hidden' || !part) return 0;
  const values = frame.part(part);
  const size = values.length / shown;
  let found = 0;
  for (let i = 0; i < shown; i++)
    if (values.subarray(i * size, (i + 1) * size).every((value) => value === 0)) found++;
  return found;
}

/** What is true of one unit, sentence by sentence. */
export function unitSentences(
  network: Network,
  frame: Frame,
  unit: Unit,
  names: Names,
  plane: boolean,
): string[] {
  const texts = t().scenes;
  const facts = unitFacts(network, frame, unit);
  const column = network.columns[unit.column]!;
  const said: string[] = [];
  if (!plane) said.push(texts.now(format.number(facts.low)));
  else if (facts.zero === 1) said.push(texts.zeroEverywhere);
  const [strongest] = facts.outgoing;
  const next = network.columns[unit.column + 1];
  if (strongest && next) said.push(...outgoing(network, unit, strongest, facts.rank, facts.of, names));
  const [incoming] = facts.incoming;
  if (incoming && unit.column === 1 && facts.incoming.length <= 4)
    said.push(
      texts.fromInputs(
        format.list(
          [...facts.incoming]
            .sort((a, b) => a.index - b.index)
            .map(({ index, weight }) => `${names.inputs[index] ?? index + 1} ${signed(weight)}`),
        ),
      ),
    );
  else if (incoming)
    said.push(
      texts.fromUnit(
        signed(incoming.weight),
        placeName(network, { column: unit.column - 1, index: incoming.index }, names),
      ),
    );
  if (facts.bias !== null) said.push(texts.bias(signed(facts.bias)));
  if (plane && column.part && facts.zero < 1) {
    said.push(texts.between(format.number(facts.low), format.number(facts.high)));
    if (facts.zero >= 0.005) said.push(texts.zeroOn(format.percent(facts.zero, 0)));
  }
  return said;
}

function outgoing(
  network: Network,
  unit: Unit,
  { index, weight }: { index: number; weight: number },
  rank: number,
  of: number,
  names: Names,
): string[] {
  const texts = t().scenes;
  const next = network.columns[unit.column + 1]!;
  if (next.kind === 'hidden')
    return [texts.toUnit(signed(weight), unitName(network, { column: unit.column + 1, index }, true))];
  if (next.shown > 1) return [texts.toClass(signed(weight), names.labels[index] ?? String(index + 1))];
  const said = [texts.toAnswer(signed(weight), rank, of)];
  const [first, second] = names.labels;
  if (first !== undefined && second !== undefined)
    said.push(weight > 0 ? texts.pushes(second, first) : texts.pushes(first, second));
  return said;
}
