import type { Messages } from './codes.ts';

const problems = {
  messages: null as Messages,
  /** A name that is an empty text, by the code of the problem. */
  empty: {
    'unknown-dataset': 'The name of the dataset is missing.',
    'unknown-optimizer': 'The name of the optimizer is missing.',
    'unknown-type': 'The type is missing.',
  },
  possible: (known: string): string => `Possible: ${known}.`,
  documentName: 'The name of the document has 1 to 64 characters: letters, digits, spaces, “.”, “_” and “-”.',
  place: (layer: string, number: number, line: number): string => `${layer}, layer ${number}, line ${line}`,
  line: (line: number): string => `line ${line}`,
  /** Buttons: what a fix does. */
  fix: {
    before: (layers: string): string => `Put ${/^[AEIO]/.test(layers) ? 'an' : 'a'} ${layers} before it`,
    end: (layers: string): string => `Put ${/^[AEIO]/.test(layers) ? 'an' : 'a'} ${layers} at the end`,
    set: (key: string, value: string): string => `Set ${key} to ${value}`,
    add: (key: string, value: string): string => `Add ${key}: ${value}`,
    item: (value: string): string => `Write ${value}`,
    rewrite: 'Write it as QuickML does',
    remove: (key: string): string => `Remove ${key}`,
    removeLayer: 'Remove this layer',
    removeItem: 'Remove this entry',
    rename: (from: string, to: string): string => `Rename ${from} to ${to}`,
    move: (key: string, to: string): string => `Move ${key} to ${to}`,
    moveLayer: (number: number): string => `Move it to place ${number}`,
  },
};
export default problems;
