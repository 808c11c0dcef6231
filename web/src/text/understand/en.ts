/** Where a part of a picture lies: thirds from the top and from the left. */
const PLACES = [
  ['at the top left', 'at the top', 'at the top right'],
  ['on the left', 'in the middle', 'on the right'],
  ['at the bottom left', 'at the bottom', 'at the bottom right'],
] as const;

const understand = {
  intro: 'What the network says about samples that it did not see in training: the test set.',
  parts: {
    title: 'Parts of this page',
    mistakes: 'Where it goes wrong',
    classes: 'Class by class',
    labels: 'Label by label',
    threshold: 'When it says yes',
    calibration: 'How sure it is',
    found: 'Predicted and actual',
    residuals: 'How far off',
    cost: 'What smaller files cost',
    weights: 'Where the weights are',
  },
  accuracy: {
    of: (right: string, total: string): string => `right: ${right} of ${total} test samples`,
    ofLabels: (total: string): string => `of the labels are right, on ${total} test samples`,
    eachLabel: (share: string): string =>
      `Always answering yes or no to each label, whichever is more common, would reach ${share}.`,
    interval: (low: string, high: string): string =>
      `For other samples of this kind, expect between ${low} and ${high}.`,
    baseline: (label: string, share: string): string =>
      `Always naming the commonest class, “${label}”, would reach ${share}.`,
    meanRecall: (label: string, share: string, chance: string, found: string): string =>
      `Always naming the commonest class, “${label}”, would reach ${share}, but find only ${chance} of each class on average; this network finds ${found}. It learned with class weights, which find rare classes at the cost of accuracy.`,
    better: 'The network is clearly better.',
    unclear: 'The network is a little better, but with so few samples that may be chance.',
    noBetter: 'The network is no better than that.',
    explain: (total: string, low: string, high: string): string =>
      `The accuracy was counted on ${total} samples that were set aside before training. Another test set would give a slightly different number. The range from ${low} to ${high} contains the accuracy for all samples of this kind in 95 of 100 cases (Wilson's interval). The fewer samples, the wider it is.`,
  },
  error: {
    all: 'Every number that it predicts',
    of: (target: string, total: string): string => `mean error of “${target}” on ${total} test samples`,
    baseline: (mean: string, error: string): string =>
      `Always answering the mean, ${mean}, would be off by ${error}.`,
    mae: 'Mean absolute error (MAE)',
    rmse: 'Root mean squared error (RMSE)',
    r2: 'Explained variance (R²)',
    half: 'Half of the samples: at most',
    most: '90% of the samples: at most',
    largest: 'Largest error',
    network: 'Network',
    mean: 'Always the mean',
    measure: 'Measure',
    left: (count: string): string => `${count} answers are not numbers and are left out.`,
    explain:
      'The mean absolute error is how far an answer is off on average, in the unit of the target. The root mean squared error counts large errors more. R² is the share of the differences between samples that the network explains: 1 is perfect, 0 is no better than the mean.',
  },
  matrix: {
    caption: (wrong: string, total: string): string => `${wrong} of ${total} test samples`,
    axes: 'down: what it was · across: what it said',
    hint: 'Choose a cell to see its samples. Arrow keys move between cells.',
    counts: 'Counts',
    shares: 'Shares of a row',
    show: 'Numbers in the cells',
    was: 'It was',
    said: 'It said',
    count: 'Samples',
    share: 'Share of the class',
    cell: (was: string, said: string, count: string): string => `${was} taken for ${said}: ${count}`,
    rightCell: (label: string, count: string): string => `${label}, recognized: ${count}`,
    large: 'Confusion matrix. Arrow keys move, Enter shows the samples.',
    explain:
      'This is a confusion matrix. A row holds all samples of one class, and its cells count what the network called them. On the diagonal, in grey, are the right answers.',
    example: (was: string, said: string, count: string): string =>
      ` The largest number beside it: ${count} × “${was}” was taken for “${said}”.`,
    none: 'Every test sample is right.',
  },
  gallery: {
    cell: (was: string, said: string): string => `${was} taken for ${said}`,
    right: (label: string): string => `${label}, recognized`,
    worst: 'The worst mistakes',
    farthest: 'The largest errors',
    order: 'The surest first. Choose one to see what mattered.',
    backToWorst: 'Show the worst mistakes',
    more: (count: string): string => `Show ${count} more`,
    none: 'There is none.',
    item: (sample: string, was: string, said: string): string =>
      `Test sample ${sample}: ${was}, answer ${said}`,
    value: (sample: string, truth: string, found: string): string =>
      `Test sample ${sample}: actual ${truth}, predicted ${found}`,
    sample: (sample: string): string => `Sample ${sample}`,
    noInputs: 'The samples themselves cannot be shown.',
  },
  sample: {
    title: (sample: string): string => `Test sample ${sample}`,
    choose: 'Choose a sample to see its probabilities and which parts of it mattered.',
    was: (was: string, said: string): string => `It is ${was}; the network says ${said}.`,
    right: (label: string): string => `It is ${label}, and the network says so.`,
    value: (truth: string, found: string, off: string): string =>
      `Actual: ${truth}. Predicted: ${found}. Off by ${off}.`,
    probabilities: 'Probabilities of the classes',
    others: (count: string): string => `and ${count} more classes`,
    tryIt: 'Try this sample',
    explaining: 'Hiding one part after the other …',
    mattered: 'What mattered',
    forLabel: 'For the answer',
    against: (file: string, label: string): string =>
      `${file}, the file that is delivered, says ${label} here.`,
    picture: (sample: string): string => `Picture of test sample ${sample}, with the parts that mattered`,
    curve: (sample: string): string => `Curve of test sample ${sample}, with the steps that mattered`,
    feature: 'Feature',
    number: 'Value',
    effect: 'Effect',
    token: 'Token',
  },
  hidden: {
    place: (row: 0 | 1 | 2, column: 0 | 1 | 2): string => PLACES[row][column],
    steps: (from: number, to: number): string =>
      to > from ? `in steps ${from} to ${to}` : `in step ${from}`,
    feature: (name: string): string => `“${name}”`,
    token: (token: string, at: number): string => `“${token}” in place ${at}`,
    part: (place: string): string => `Cover the blue part ${place} (solid frame)`,
    otherPart: (place: string): string => `The orange part ${place} (dashed frame)`,
    hide: (name: string): string => `Hide ${name}`,
    gone: (covered: string, label: string, before: string, after: string, leads: string): string =>
      `${covered} and it is no ${label} any more: ${label} falls from ${before} to ${after}, and the answer is ${leads}.`,
    weaker: (covered: string, label: string, before: string, after: string): string =>
      `${covered} and it is still ${label}, but ${label} falls from ${before} to ${after}.`,
    lower: (covered: string, label: string, before: string, after: string): string =>
      `${covered} and ${label} falls from ${before} to ${after}.`,
    against: (part: string, label: string, before: string, after: string): string =>
      `${part} speaks against ${label}: without it, ${label} rises from ${before} to ${after}.`,
    valueLower: (covered: string, before: string, after: string): string =>
      `${covered} and the answer falls from ${before} to ${after}.`,
    valueHigher: (part: string, before: string, after: string): string =>
      `${part} lowers the answer: without it, the answer rises from ${before} to ${after}.`,
    nothing: (label: string): string =>
      `No single part matters for ${label}: whichever is covered, its probability stays.`,
    nothingValue: 'No single part matters: whichever is covered, the answer stays.',
    differs: (file: string): string =>
      `The numbers above are of ${file}; those of the trained network differ, because the file's weights are compressed.`,
    how: (runs: string, file: string): string =>
      `${file} was run ${runs} times, each time with another part hidden. Blue parts raise the number, orange parts lower it; the stronger the colour, the more.`,
  },
  classes: {
    caption: 'How often each class is recognized, and how often its name is right when it is given.',
    class: 'Class',
    precision: 'Precision',
    recall: 'Recall',
    f1: 'F1',
    auc: 'ROC AUC',
    support: 'Samples',
    mean: 'Mean of the classes',
    none: 'none',
    sort: (column: string): string => `Sort by ${column}`,
    explain: (label: string, precision: string, recall: string): string =>
      `For “${label}”: when the network says so, it is right in ${precision} of the cases (precision). Of the samples that are, it finds ${recall} (recall). F1 is one number for both, which is low if either is low.`,
    explainAuc:
      'ROC AUC is how often a sample of the class gets a higher probability of it than another sample: 1 is perfect, 0.5 is chance.',
  },
  labels: {
    caption: 'How often each label is found, and how often it is right when it is given.',
    class: 'Label',
    mean: 'Mean of the labels',
  },
  threshold: {
    caption: (label: string): string =>
      `The network says “${label}” from a probability of 50% on. A higher threshold means fewer false alarms, but more samples missed.`,
    positive: 'Class',
    slider: (label: string): string => `Say “${label}” from`,
    hits: 'recognized',
    alarms: 'false alarms',
    missed: 'missed',
    rejected: 'rightly not',
    isIt: (label: string): string => `is ${label}`,
    isNot: 'is not',
    saysIt: (label: string): string => `says ${label}`,
    saysNot: 'says not',
    precision: 'Precision',
    recall: 'Recall',
    accuracy: 'Accuracy',
    roc: 'Recall against false alarms (ROC)',
    rocCaption: (area: string): string =>
      `Area below the curve: ${area}. 1 is perfect, 0.5 is guessing (the diagonal).`,
    pr: 'Precision and recall',
    prCaption: (average: string, share: string): string =>
      `Average precision: ${average}. Guessing would reach ${share}.`,
    falsePositives: 'False alarms of all others',
    at: 'Threshold',
    count: 'Confusion at this threshold',
    here: 'the threshold chosen',
  },
  calibration: {
    title: 'Confidence and accuracy',
    caption:
      'Can its percentages be trusted? If they can, 80 of 100 answers given with 80% confidence are right, and the points lie on the diagonal.',
    honest: (error: string): string =>
      `Confidence and accuracy differ by ${error} on average: the probabilities can be taken at their word.`,
    tooSure: (error: string): string =>
      `Confidence and accuracy differ by ${error} on average: the network is surer than it should be.`,
    tooModest: (error: string): string =>
      `Confidence and accuracy differ by ${error} on average: the network is better than it thinks.`,
    mixed: (error: string): string =>
      `Confidence and accuracy differ by ${error} on average, in both directions.`,
    confidence: 'Confidence',
    accuracy: 'Right',
    range: 'Range',
    samples: 'Samples',
    few: 'Hollow points stand for fewer than 10 samples.',
    explain:
      'The test samples are sorted by the probability of their answer into ten ranges. A point says how many of a range were right; its bar says how many samples are in it. The mean distance from the diagonal, weighted by samples, is the expected calibration error.',
    point: (low: string, high: string, right: string, samples: string): string =>
      `${low} to ${high}: ${right} right of ${samples} samples`,
  },
  regression: {
    scatterTitle: 'Predicted against actual',
    scatter:
      'Each point is a test sample. Exact answers lie on the diagonal. Choose a point to see its sample.',
    truth: 'Actual',
    found: 'Predicted',
    off: 'Off by',
    sample: 'Sample',
    residualsTitle: 'Errors',
    residuals: (lean: string): string => `Predicted minus actual. On average the answer is off by ${lean}.`,
    tooLow: 'too low',
    tooHigh: 'too high',
    range: 'Predicted minus actual',
    count: 'Samples',
  },
  cost: {
    caption: 'Every file that was written or tried, and what it answers on the test set.',
    file: 'File',
    weights: 'Weights',
    size: 'Size',
    accuracy: 'Accuracy',
    error: 'Mean error',
    errorOfAll: 'Mean error of all',
    difference: 'Largest difference',
    changed: 'Changed',
    delivered: 'delivered',
    variant: 'kept for comparison',
    tried: 'tried',
    trained: 'as trained',
    flips: (count: string): string =>
      count === '1' ? '1 sample changed its answer' : `${count} samples changed their answer`,
    noFlips: 'No sample changed its answer',
    recount: (broken: string, mended: string): string =>
      `${broken} became wrong, ${mended} became right, compared with the trained network.`,
    same: 'All files have the weights as trained: nothing was compressed.',
    change: (sample: string, was: string, before: string, after: string): string =>
      `Test sample ${sample}, ${was}: ${before} became ${after}`,
    toCompress: 'Give “export” the weights “auto” to have smaller files tried.',
    smaller: (file: string, share: string, size: string, full: string): string =>
      `${file} needs ${share} of the space: ${size} instead of ${full}.`,
    explain:
      'A trained weight is a number with 32 bits, exact to 7 digits. “palettized-4” keeps 16 different values for each layer, so that 4 bits say which of them a weight is; “int8” rounds each weight to one of 256 evenly spaced values. Such a file is smaller, but answers may change, above all of samples that were close calls. The largest difference compares the file with the network that has the same weights.',
    samples: (file: string, weights: string): string => `${file}, ${weights}`,
  },
  weights: {
    caption: 'Weights fill the file; work takes the time of an answer.',
    heaviest: (share: string, name: string, type: string): string =>
      `${share} of the weights sit in ${name} (${type}).`,
    busiest: (share: string, name: string): string => `${share} of the work is done in ${name}.`,
    layer: 'Layer',
    output: 'Output',
    count: 'Weights',
    ofWeights: 'Share of weights',
    ofWork: 'Share of work',
    none: 'This network has no weights.',
    explain: (example: string): string =>
      `Work is counted in multiplications for one answer. A convolution uses each weight at every place of the picture, a Dense layer only once: so few weights can be much work.${example}`,
    example: (name: string, weights: string, work: string): string =>
      ` Here, the ${weights} weights of ${name} take ${work} multiplications.`,
  },
};
export default understand;
