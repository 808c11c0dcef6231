const take = {
  title: (name: string): string => `Files of ${name}`,
  summary:
    'This is all that your phone needs. The network runs on the phone itself and needs no internet connection.',
  parts: {
    phone: 'For the phone',
    tried: (count: number): string =>
      count === 1
        ? 'One other form of the weights that was tried'
        : `${count} other forms of the weights that were tried`,
    others: 'For other programs',
    record: 'About the training',
  },
  triedHelp: 'Compression has measured these, and the job delivers another one. Compare them in Try.',
  whats: {
    mlmodel: 'Core ML neural network, one file. Add it to an Xcode project.',
    mlpackage:
      'Core ML program, a folder that is downloaded as a zip. Unpack it, and add it to an Xcode project.',
    aimodel: 'Apple Core AI model.',
    variant: 'The same network with other weights.',
    onnx: 'The network for ONNX Runtime, as it was verified.',
    keras: 'The trained model for Keras, in Python.',
    report: 'The report: curves, errors and the film of the training, in one page that works offline.',
    data: 'All numbers of the report.',
    spec: 'The document that this network was made of. The same document and seed give the same network.',
    film: 'The film that Watch plays.',
    answers: 'What the network says to every test sample, for Understand.',
    other: 'Another file of this run.',
  },
  ios: (version: string): string => `iOS ${version} or later`,
  verified: {
    trained: (samples: string, largest: string): string =>
      `Verified: on ${samples} samples, this file says what the trained network says. Largest difference: ${largest}.`,
    decompressed: (samples: string, largest: string): string =>
      `Verified: on ${samples} samples, this file says what the network with these compressed weights says. Largest difference: ${largest}.`,
    translated: (samples: string, largest: string): string =>
      `Verified: on ${samples} samples, this file says what the Core ML file says. Largest difference: ${largest}.`,
  },
  bits: (bits: string, form: string): string => `${bits} bits (${form})`,
  below: (value: string): string => `below ${value}`,
  open: 'Open',
  download: 'Download',
  checksum: 'Checksum',
  inside: (count: number): string => (count === 1 ? '1 file inside' : `${count} files inside`),
  package: (zip: string, folder: string): string =>
    `Unpacking ${zip} gives the folder ${folder} with these files:`,
  sha: (name: string): string => `SHA-256 of ${name}`,
  phone: {
    title: 'On your phone',
    goal: 'What the code opens',
    goals: {
      try: 'Scan to try it there',
      take: 'Scan to open this page there',
      file: (name: string): string => `Scan to download ${name}`,
    },
    code: (address: string): string => `QR code: ${address}`,
    address: 'Address in the code',
    until: (when: string): string =>
      `The link needs no token. It is valid for this file only, and ends ${when}.`,
    token: 'Put my token into the code',
    tokenAsked: 'Without it, the phone asks for a token.',
    tokenWarning: 'Whoever scans this code can do on this server what you can.',
    host: 'Host in the address',
    loopback:
      'This address works on this computer only. A phone in the same network reaches the server if you start it so:',
    loopbackThen: 'It prints an address with a token: open that one here, and the code fits.',
    command: 'Command that starts the server for the network',
  },
  code: {
    swift: 'In your app',
    file: 'File',
    vision: 'Swift for this very file. Vision scales the picture to what the network takes.',
    arrays: 'Swift for this very file. Numbers go in as an array, in the order of the dataset.',
    columns: 'Swift for this very file. Raw values go in by name, one for each column.',
    none: 'This file has an interface for which no Swift is written here.',
    commands: 'With other programs',
    quickml: 'Command line',
  },
};
export default take;
