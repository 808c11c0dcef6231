import { describe, expect, it } from 'vitest';
import type { Schemas } from '../../api/client.ts';
import { interfaceOf, type ModelInterface, type TableInterface } from './interface.ts';
import { className, swift } from './swift.ts';

type Feature = Schemas['InterfaceMessage']['inputs'][number];

const NOTHING = {
  shape: [] as number[],
  data_type: '',
  color_space: '',
  description: '',
  column: '',
  categories: [] as (string | number)[],
  refuses_unknown: false,
  replacement: null,
};

/** As the server says it of files that QuickML has made. */
function made(name: string, shape: number[], labels: string[] | null, type = 'float32'): ModelInterface {
  const feature = { ...NOTHING, name, shape, data_type: type };
  const image: Feature = { ...feature, kind: 'image', data_type: '', color_space: 'GRAYSCALE' };
  const output = (text: string, kind: Feature['kind']): Feature => ({
    ...feature,
    name: text,
    kind,
    shape: [],
    data_type: '',
  });
  return interfaceOf({
    inputs: [name === 'image' ? image : { ...feature, kind: 'multiarray' }],
    outputs: labels
      ? [output('label', 'string'), output('probabilities', 'dictionary')]
      : [output('prediction', 'multiarray')],
    labels,
    predicted_feature: labels ? 'label' : '',
    predicted_probabilities: labels ? 'probabilities' : '',
  }) as ModelInterface;
}

/** The columns of a table, as `tests/support/tables.py` has them. */
const COLUMNS: Feature[] = [
  { ...NOTHING, name: 'Groesse_m2', kind: 'double', replacement: 71.25, description: 'Größe (m²): a number' },
  { ...NOTHING, name: 'district', kind: 'string', categories: ['Mitte', 'Süd'], description: 'a\nb' },
  { ...NOTHING, name: 'floor', kind: 'int64', categories: [0, 1, -1] },
  { ...NOTHING, name: 'class_', kind: 'double' },
];
const NUMBER = { labels: null, predicted_feature: '', predicted_probabilities: '' };

const DIGITS = made('image', [28, 28, 1], [...'0123456789']);
const IRIS = made('features', [1, 4], ['setosa', 'versicolor', 'virginica']);

it('interfaceOf is null for what takes anything else than one image, one array or columns', () => {
  const many: Feature = { ...NOTHING, name: 'a', kind: 'dictionary' };
  const array: Feature = { ...NOTHING, name: 'a', kind: 'multiarray', shape: [1] };
  const rest = { outputs: [], ...NUMBER };
  expect(interfaceOf({ inputs: [many], ...rest })).toBeNull();
  expect(interfaceOf({ inputs: [array, COLUMNS[0]!], ...rest })).toBeNull();
  expect(interfaceOf({ inputs: [], ...rest })).toBeNull();
});

describe('className', () => {
  it.each([
    ['MNIST two convolutions', 'MNISTTwoConvolutions'],
    ['iris', 'Iris'],
    ['3 digits', 'Model3Digits'],
    ['model', 'ModelModel'],
    ['...', 'Model'],
    ['my-net_2.1', 'MyNet21'],
  ])('%s', (name, expected) => {
    expect(className(name)).toBe(expected);
  });
});

describe('swift', () => {
  it('asks Vision about images', () => {
    const text = swift('Digits', 'model.mlmodel', DIGITS);
    expect(text).toContain('to the Xcode project as Digits.mlmodel:');
    expect(text).toContain('let generated = try Digits(configuration: MLModelConfiguration())');
    expect(text).toContain('VNCoreMLRequest(model: model)');
    expect(text).toContain('scales it to 28 x 28 grey pixels');
    expect(text).toContain('0, 1, 2, 3, 4, 5, 6, 7, 8, 9');
  });

  it('makes arrays of the shape and type in the file', () => {
    const text = swift('Iris', 'model.mlpackage.zip', IRIS);
    expect(text).toContain('model.mlpackage to the Xcode project as Iris.mlpackage');
    expect(text).toContain('MLMultiArray(shape: [1, 4], dataType: .float32)');
    expect(text).toContain('model.prediction(features: array)');
    expect(text).toContain('(label: output.label, probabilities: output.probabilities)');
    const tokens = made('tokens', [1, 20], ['no', 'yes'], 'int32');
    expect(swift('B', 'model.mlmodel', tokens)).toMatch(
      /_ tokens: \[Int32\].*shape: \[1, 20\], dataType: \.int32/s,
    );
  });

  it('reads the number of a regression', () => {
    const text = swift('Sum', 'model.mlmodel', made('sequence', [1, 30, 2], null));
    expect(text).toContain('throws -> Float');
    expect(text).toContain('output.prediction[0].floatValue');
    expect(text).toContain('60 numbers, 2 for each of 30 steps');
    const image = made('image', [8, 8, 3], null);
    expect(swift('Age', 'model.mlmodel', image)).toContain('VNCoreMLFeatureValueObservation');
  });

  it('takes the columns of a table by name', () => {
    const outputs: Feature[] = [{ ...NOTHING, name: 'prediction', kind: 'double' }];
    const model = interfaceOf({ inputs: COLUMNS, outputs, ...NUMBER }) as TableInterface;
    const text = swift('Flats', 'model.mlmodel', model);
    expect(text).toContain(`    func predict(
        Groesse_m2: Double? = nil,
        district: String? = nil,
        floor: Int64? = nil,
        class_: Double
    ) throws -> Double {
        let output = try model.prediction(
            Groesse_m2: Groesse_m2 ?? .nan,
            district: district ?? "",
            floor: floor ?? -2,
            class_: class_
        )
        return output.prediction
`);
    expect(text).toContain('///   - district: a b\n');
    const labels = {
      labels: ['a', 'b'],
      predicted_feature: 'label',
      predicted_probabilities: 'probabilities',
    };
    const classifier = interfaceOf({ inputs: COLUMNS, outputs: [], ...labels })!;
    expect(swift('Flats', 'model.mlmodel', classifier)).toContain(
      '(label: output.label, probabilities: output.probabilities)',
    );
  });

  it('gives several numbers by their names', () => {
    const outputs = ['price_eur', 'area'].map((name): Feature => ({ ...NOTHING, name, kind: 'double' }));
    const model = interfaceOf({ inputs: COLUMNS, outputs, ...NUMBER }) as TableInterface;
    const text = swift('Flats', 'model.mlmodel', model);
    expect(text).toContain(') throws -> (price_eur: Double, area: Double) {');
    expect(text).toContain('return (price_eur: output.price_eur, area: output.area)');
    expect(text).toContain('/// The 2 numbers that the model answers.');
  });

  it('takes an array of all steps for each sensor', () => {
    const sensor: Omit<Feature, 'name'> = {
      ...NOTHING,
      kind: 'multiarray',
      shape: [50],
      data_type: 'float32',
    };
    const inputs: Feature[] = [
      { ...sensor, name: 'acc_x', description: '50 numbers' },
      { ...sensor, name: 'acc_y' },
    ];
    const labels = {
      labels: ['rest', 'walk'],
      predicted_feature: 'label',
      predicted_probabilities: 'probabilities',
    };
    const text = swift('Motion', 'model.mlmodel', interfaceOf({ inputs, outputs: [], ...labels })!);
    expect(text).toContain(`    func predict(
        acc_x: [Float],
        acc_y: [Float]
    ) throws -> (label: String, probabilities: [String: Double]) {
        let output = try model.prediction(
            acc_x: try array(acc_x, count: 50),
            acc_y: try array(acc_y, count: 50)
        )
`);
    expect(text).toContain('///   - acc_x: 50 numbers\n');
    expect(text).toContain('MLMultiArray(shape: [NSNumber(value: count)], dataType: .float32)');
    for (const [open, close] of ['{}', '()', '[]'] as const)
      expect(text.split(open!).length).toBe(text.split(close!).length);
  });

  it('has balanced brackets, and labels end no comment', () => {
    const labels = ['a\nfatalError()', 'b\u2028c'];
    for (const model of [DIGITS, IRIS, { ...IRIS, labels }]) {
      const text = swift('Name', 'model.mlmodel', model);
      for (const [open, close] of ['{}', '()', '[]'] as const)
        expect(text.split(open!).length).toBe(text.split(close!).length);
      expect(text).not.toMatch(/^fatalError|\u2028/m);
    }
  });
});
