import { render } from 'svelte/server';
import { expect, it, vi } from 'vitest';
import type { Answers } from '../../api/answers.ts';
import type { Report } from './report.ts';
import { Study } from './study.ts';
import Targets from './Targets.svelte';

vi.hoisted(() => {
  vi.stubGlobal('location', new URL('http://127.0.0.1/')); // what is loaded reads these
  vi.stubGlobal('addEventListener', () => undefined);
});

const prices = { name: 'price', truth: [1, 2, 3], found: [1, 2, 4] };
const areas = { name: 'area', truth: [10, 20, 30], found: [10, 20, 30] };
const study = new Study(
  'job',
  { dataset: { task: 'regression', target_name: '' }, spec: { dataset: {} } } as unknown as Report,
  {
    labels: [],
    several: [prices, areas],
    targets: prices.truth,
    answers: prices.found,
  } as unknown as Answers,
);

it('the first of several numbers is shown, until another one is chosen', () => {
  expect(study.of(null)).toBe(study);
  expect(study.of('no such number').target).toBe('price');
  const other = study.of('area');
  expect([other.target, other.truth, other.predicted]).toEqual(['area', areas.truth, areas.found]);
  expect(other.of('price').target).toBe('price');
});

it('all of them stand in a table, each with its error', () => {
  const { body } = render(Targets, { props: { study } });
  expect(body.match(/type="radio"/g)).toHaveLength(2);
  expect(body).toMatch(/price[^]*0\.3333[^]*0\.6667[^]*area[^]*>0</);
});
