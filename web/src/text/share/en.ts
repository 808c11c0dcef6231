const share = {
  title: 'Share',
  build: 'This link carries the whole document. Whoever opens it can change and train a copy.',
  job: 'This link leads to what you see. It works on this server only.',
  address: 'Link',
  hide: 'Hide for others',
  hideHelp: 'For a class: the fewer parts, the clearer the task. It hides, and does not forbid.',
  parts: {
    dataset: 'Choice of the dataset',
    examples: 'Examples',
    palette: 'Adding layers',
    training: 'Training settings',
    document: 'Document as text',
  },
  token: 'Give my token along',
  tokenWarning:
    'Whoever has this link acts as you: trains, sees and deletes your runs. It is safer to make a token for each person.',
  send: 'Send …',
  qr: 'QR code of the link',
  tooLong: 'The link is too long for a QR code.',
  tooLarge: 'The document is larger than 256 KiB: too large for a link.',
  loopback:
    'Other devices cannot open this address: it means “this computer”. Start the server for your network, and open the address that it prints:',
};
export default share;
