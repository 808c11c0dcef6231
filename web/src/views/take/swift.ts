/** Swift that runs a delivered file, written from the file's own description. */

import type { ModelColumn, ModelInterface, TableInterface } from './interface.ts';

/** A name of a Swift class made of a job's name: `MNIST two convolutions` becomes `MNISTTwoConvolutions`. */
export function className(name: string): string {
  const words = name.normalize('NFD').match(/[A-Za-z0-9]+/g) ?? [];
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
  if (!joined || /^[0-9]/.test(joined)) return `Model${joined}`;
  // Xcode would make a class that hides one of Swift's or of the frameworks.
  return TAKEN.has(joined) ? `${joined}Model` : joined;
}

const TAKEN = new Set(
  (
    'Any Array Bool Character Data Date Dictionary Double Error Float Image Int Model Never Optional Result ' +
    'Sequence Set String Task Text Type Self Protocol URL UUID View Void'
  ).split(' '),
);

/** Swift for a model whose file is added to an Xcode project as `NAME.mlmodel` or `NAME.mlpackage`. */
export function swift(name: string, file: string, model: ModelInterface | TableInterface): string {
  const plain = file.replace(/\.zip$/, '');
  const head = `// Add ${plain} to the Xcode project as ${name}.${plain.split('.').at(-1)!}:
// Xcode makes the class ${name} of it.
`;
  if ('columns' in model) return head + table(name, model);
  if (model.input.kind === 'image')
    return head + (model.labels.length ? images(name, model) : imageValue(name));
  return head + arrays(name, model);
}

function images(name: string, { input, labels }: ModelInterface): string {
  const [height, width, channels] = input.shape;
  return `import CoreML
import ImageIO
import Vision

/// Answers one of ${labels.length} labels: ${listed(labels)}.
final class ${name}Classifier {
    private let model: VNCoreMLModel

    init() throws {
        let generated = try ${name}(configuration: MLModelConfiguration())
        model = try VNCoreMLModel(for: generated.model)
    }

    /// The labels with their probabilities, the most probable first.
    /// Vision crops the image, and scales it to ${width} x ${height} ${channels === 1 ? 'grey' : 'RGB'} pixels.
    func labels(
        of image: CGImage, orientation: CGImagePropertyOrientation = .up
    ) throws -> [(label: String, probability: Float)] {
        let request = VNCoreMLRequest(model: model)
        request.imageCropAndScaleOption = .centerCrop
        try VNImageRequestHandler(cgImage: image, orientation: orientation).perform([request])
        let found = request.results as? [VNClassificationObservation] ?? []
        return found.map { (label: $0.identifier, probability: $0.confidence) }
    }
}
`;
}

function imageValue(name: string): string {
  return `import CoreML
import ImageIO
import Vision

final class ${name}Estimator {
    private let model: VNCoreMLModel

    init() throws {
        let generated = try ${name}(configuration: MLModelConfiguration())
        model = try VNCoreMLModel(for: generated.model)
    }

    /// The number that the model answers, or nil if it gives none.
    func value(of image: CGImage, orientation: CGImagePropertyOrientation = .up) throws -> Float? {
        let request = VNCoreMLRequest(model: model)
        request.imageCropAndScaleOption = .centerCrop
        try VNImageRequestHandler(cgImage: image, orientation: orientation).perform([request])
        let found = request.results as? [VNCoreMLFeatureValueObservation]
        return found?.first?.featureValue.multiArrayValue?[0].floatValue
    }
}
`;
}

function arrays(name: string, { input, labels, ...outputs }: ModelInterface): string {
  const count = input.shape.reduce((product, side) => product * side, 1);
  const number = input.type === 'int32' ? 'Int32' : 'Float';
  const [type, result, returned] = labels.length
    ? [
        `(label: String, probabilities: [String: Double])`,
        `(label: output.${outputs.label}, probabilities: output.${outputs.probabilities})`,
        `The most probable of ${labels.length} labels, and the probability of each: ${listed(labels)}.`,
      ]
    : ['Float', `output.${outputs.value}[0].floatValue`, 'The number that the model answers.'];
  return `import CoreML

final class ${name}Predictor {
    private let model: ${name}

    init() throws {
        model = try ${name}(configuration: MLModelConfiguration())
    }

    /// ${returned}
    /// - Parameter ${input.name}: ${count} numbers${input.shape.length > 2 ? `, ${input.shape.slice(2).join(' x ')} for each of ${input.shape[1]} steps` : ''}.
    func predict(_ ${input.name}: [${number}]) throws -> ${type} {
        precondition(${input.name}.count == ${count})
        let array = try MLMultiArray(shape: [${input.shape.join(', ')}], dataType: .${input.type})
        for (index, value) in ${input.name}.enumerated() { array[index] = NSNumber(value: value) }
        let output = try model.prediction(${input.name}: array)
        return ${result}
    }
}
`;
}

function table(name: string, { columns, labels, values, ...outputs }: TableInterface): string {
  const several = (of: (value: string) => string): string => `(${values.map(of).join(', ')})`;
  const [type, result, returned] = labels.length
    ? [
        `(label: String, probabilities: [String: Double])`,
        `(label: output.${outputs.label}, probabilities: output.${outputs.probabilities})`,
        `The most probable of ${labels.length} labels, and the probability of each: ${listed(labels)}.`,
      ]
    : values.length
      ? [
          several((one) => `${one}: Double`),
          several((one) => `${one}: output.${one}`),
          `The ${values.length} numbers that the model answers.`,
        ]
      : ['Double', `output.${outputs.value}`, 'The number that the model answers.'];
  const lines = (of: (one: ModelColumn) => string, indent: string) =>
    columns.map((one) => indent + of(one)).join(',\n');
  return `import CoreML

final class ${name}Predictor {
    private let model: ${name}

    init() throws {
        model = try ${name}(configuration: MLModelConfiguration())
    }

    /// ${returned}
    /// - Parameters:
${columns.map((one) => `    ///   - ${one.name}: ${printable(one.description)}`).join('\n')}
    func predict(
${lines((one) => `${one.name}: ${SWIFT[one.kind]}${one.optional ? '? = nil' : ''}`, ' '.repeat(8))}
    ) throws -> ${type} {
        let output = try model.prediction(
${lines((one) => `${one.name}: ${passed(one)}`, ' '.repeat(12))}
        )
        return ${result}
    }
${columns.some(({ steps }) => steps) ? ARRAY : ''}}
`;
}

const SWIFT = { double: 'Double', int64: 'Int64', string: 'String', multiarray: '[Float]' } as const;

const ARRAY = `
    private func array(_ values: [Float], count: Int) throws -> MLMultiArray {
        precondition(values.count == count)
        let array = try MLMultiArray(shape: [NSNumber(value: count)], dataType: .float32)
        for (index, value) in values.enumerated() { array[index] = NSNumber(value: value) }
        return array
    }
`;

/** What the model is given for an argument. */
function passed(one: ModelColumn): string {
  if (one.steps) return `try array(${one.name}, count: ${one.steps})`;
  return one.name + (one.optional ? ` ?? ${missing(one)}` : '');
}

/** What stands for a missing value: no number, or no category. */
function missing({ kind, categories }: ModelColumn): string {
  if (kind === 'double') return '.nan';
  if (kind === 'string') return '""';
  let number = 0;
  while (categories.includes(number)) number -= 1;
  return String(number);
}

/** A text for a comment: what would end it is left out. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ');
}

/** Labels for a comment: what is not printable is left out, and a long list is cut. */
function listed(labels: readonly string[]): string {
  const shown = labels.slice(0, 12).map(printable);
  return shown.join(', ') + (labels.length > shown.length ? ', …' : '');
}
