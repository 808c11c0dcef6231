const tryIt = {
  titles: {
    digit: 'Draw a digit',
    picture: 'Show it a picture',
    plane: 'Move the point',
    features: 'Set the measurements',
    sequence: 'Draw a curve',
    tokens: 'Write a sequence',
  },
  noFile: 'This run has no Core ML file, so there is nothing to try.',
  loadingFile: (file: string): string => `Loading ${file} …`,
  hints: {
    digit: 'Draw a digit from 0 to 9 with the mouse, a pen or a finger.',
    picture: 'Drop a picture, paste one, or choose a file.',
    plane: 'Press or drag in the picture, or use the sliders.',
    features: 'Move a slider, or type a number.',
    sequence: 'Press and draw from left to right.',
    tokens: 'Press the symbols one after the other.',
  },
  table: {
    arrays: 'Give it numbers',
    arraysHelp:
      'Take a .csv file with a column for each input, or paste numbers: the oldest first, of several in a step one step after the other.',
    file: 'Choose a .csv file',
    from: 'From row',
    count: (found: number, wanted: number): string =>
      found ? `${found} of ${wanted} numbers` : `${wanted} numbers are needed.`,
    unfit: (file: string, names: string): string =>
      `${file}: expected columns with the names ${names}; rename them, or paste the numbers.`,
    title: 'Fill in a row',
    empty: (value: string): string => `Empty counts as ${value}.`,
    other: 'other or missing',
  },
  drawHere: 'Draw here',
  replaces: 'Draw on it: your lines replace this picture.',
  waiting: 'Its answer appears here.',
  clear: 'Clear',
  undo: 'Undo stroke',
  paper: 'Drawing area. With the keyboard, choose a test sample below.',
  seen: 'What the network gets',
  seenLabel: (shape: string): string => `What the network gets: ${shape} pixels`,
  centringShort: 'Your lines are scaled and centred as MNIST’s digits were.',
  pixels: 'How the pixels are made',
  centring:
    'Your lines are scaled to a box of 20 × 20 pixels, drawn as wide as the lines of MNIST are on average, and moved so that their centre of mass is in the middle of 28 × 28 pixels. MNIST’s digits were made in the same way, so it does not matter where and how large you draw.',
  centringOther: (side: number): string =>
    `Your lines are scaled to fit ${side} × ${side} pixels, with their centre of mass in the middle. So it does not matter where and how large you draw.`,
  camera: {
    start: 'Switch the camera on',
    stop: 'Switch it off',
    view: 'What the camera sees',
    insecure:
      'Browsers let a page use the camera only over https or on this computer itself. This page came over http, so its camera stays off. You can add picture files instead; on a phone, that takes photos.',
    denied:
      'The browser does not let this page use the camera. Allow it beside the address, or add picture files instead.',
    missing: 'No camera was found, or another program uses it. You can add picture files instead.',
    flip: 'Other camera',
  },
  choosePicture: 'Choose a picture',
  invert: 'Swap light and dark',
  cutOut: 'The digit was cut out of your picture and centred, as drawn ones are.',
  cropped: (shape: string): string => `The middle of your picture, scaled to ${shape} pixels.`,
  pictureProblems: {
    kind: 'This is no PNG, JPEG, GIF, WebP or BMP file.',
    large: (found: string): string =>
      found
        ? `This picture is too large: ${found} pixels. At most 60 million are decoded here.`
        : 'This file is too large: at most 30 MB.',
    broken: 'This file is damaged: it cannot be decoded.',
  },
  range: (low: string, high: string): string => `In the samples: ${low} to ${high}`,
  notNumber: 'Enter a number.',
  planeLabel: (x: string, y: string): string =>
    `Picture of the answer: ${x} from left to right, ${y} from bottom to top`,
  planeCaption:
    'Each spot has the colour of the label that the file gives there, stronger where it is surer. Points are test samples.',
  planeCaptionValue: 'Each spot shows the number that the file gives there: orange is low, blue is high.',
  curveLabel: (feature: string): string => `Curve of ${feature}`,
  feature: 'Feature',
  value: 'value',
  flatten: 'Flat line',
  deleteLast: 'Delete the last one',
  tokensLabel: 'The sequence',
  nothing: 'nothing',
  stepsLeft: (left: number): string => (left === 1 ? 'room for 1 more' : `room for ${left} more`),
  samples: {
    title: (total: string): string => `Choose one of ${total} test samples`,
    label: 'Class',
    all: 'All',
    earlier: 'Earlier',
    later: 'More',
    page: (from: string, to: string, of: string): string => `${from} to ${to} of ${of}`,
    sample: (id: number, label: string): string => `Test sample ${id}: ${label}`,
    loading: 'Loading samples …',
  },
  truth: (label: string): string => `The dataset says: ${label}.`,
  answer: 'Its answer',
  or: (first: string, second: string): string => `${first}, or ${second}?`,
  bars: 'Probabilities',
  rest: 'all others',
  percentages: 'What the percentages mean',
  rule: 'Two labels are named if the second has at least half of the probability of the first.',
  probabilities:
    'The probabilities add up to 100%. They say how the network weighs the labels that it knows: it has no way to say “none of these”.',
  noLabel: 'none of them',
  files: 'Which file answers',
  answeredBy: 'Answers',
  comparedWith: 'Compare with',
  none: 'no other file',
  variant: 'not delivered',
  source: {
    before: 'The answer comes from ',
    delivered: ', the very file that your phone gets: run here, ',
    variant: ', a file that compression has tried and the job does not deliver: run here, ',
    after: (size: string, milliseconds: string): string => `${size}, ${milliseconds} ms.`,
  },
  timing: 'Where the time goes',
  times: (run: string, roundTrip: string): string =>
    `The file itself ran for ${run} ms. From this page to the server and back with all layers, it took ${roundTrip} ms: reading the request, packing the layers and the network are in it.`,
  both: (label: string, difference: string): string =>
    `Both say ${label}. The largest difference is ${difference}.`,
  differ: (first: string, one: string, second: string, other: string): string =>
    `They differ: ${first} says ${one}, ${second} says ${other}.`,
  bothNumbers: (difference: string): string => `The difference is ${difference}.`,
  points: (value: string): string => `${value} percentage points`,
  otherMark: (file: string): string => `The line in each bar is what ${file} says.`,
  journey: {
    title: 'How it travels through the network',
    caption: 'Each tile is one map of a layer: the bluer, the stronger it responds there.',
    captionVector:
      'Each square is one number of a layer. Blue is positive, orange is negative; the stronger the colour, the farther from 0.',
    rest: 'Nothing is drawn. This is what the layers compute for an empty picture.',
    one: (value: string): string => `1 number: ${value}`,
    maps: (count: string, size: string): string => `${count} maps of ${size}`,
    shown: (shown: number, count: string): string => `the ${shown} liveliest of ${count}`,
    numbers: (count: string): string => (count === '1' ? '1 number' : `${count} numbers`),
    steps: (steps: string, units: string): string => `${units} numbers for each of ${steps} steps`,
    firstOf: (shown: string): string => `the first ${shown}`,
    left: (names: string): string =>
      `Not shown: ${names}. These layers only scale or rearrange what they get.`,
    absent: (names: string): string =>
      `Not shown: ${names}. In the file it is many small operations, and its values are not given out.`,
    how: 'How to read this',
    explain:
      'The liveliest maps are those whose values differ most from place to place, for this input. Within a layer all tiles share one scale. Blue is positive and orange is negative. The values are those that the file computes; they arrive as 256 levels.',
    columns: ['Layer', 'Type', 'Shape', 'Smallest', 'Largest', 'Share of zeros'],
    summary: (layer: string, low: string, high: string): string => `${layer}: values from ${low} to ${high}`,
  },
  why: {
    title: (label: string): string => `Why ${label}?`,
    titleValue: 'Why this number?',
    waiting: 'Comes as soon as you pause.',
    caption: (label: string): string =>
      `Where it is blue, covering that spot makes ${label} less probable; where it is orange, more probable.`,
    captionPart: (label: string): string =>
      `Blue: without it, ${label} would be less probable. Orange: without it, more probable.`,
    captionValue: 'Hiding what is blue makes the number smaller; hiding what is orange makes it larger.',
    strongest: (label: string, from: string, to: string): string =>
      `Covering the bluest spot takes ${label} from ${from} to ${to}.`,
    opposed: (label: string, from: string, to: string): string =>
      `Nothing speaks for ${label}. Covering the most orange spot takes it from ${from} to ${to}.`,
    strongestPart: (part: string, label: string, from: string, to: string): string =>
      `Without ${part}, ${label} goes from ${from} to ${to}.`,
    none: 'No single part matters: hiding any of them changes the answer by less than half a percentage point.',
    how: 'How this was found',
    explain: (runs: string): string =>
      `The file was run ${runs} times, each time with another part hidden, and its answers were compared. This is called occlusion.`,
    hidden: {
      black: 'A hidden spot is black.',
      colour: 'A hidden spot has the mean colour of the picture.',
      mean: 'What is hidden is replaced by its mean in the training samples.',
      zero: 'What is hidden is replaced by 0.',
      empty: 'A hidden symbol is replaced by an empty place.',
    },
    columns: ['Part', 'Effect'],
    part: (from: number, to: number): string => (from === to ? `step ${from}` : `steps ${from} to ${to}`),
    label: 'Map of what matters',
  },
};
export default tryIt;
