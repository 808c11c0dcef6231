/** Decodes films away from the page's thread. */

import { decode, type Decoded } from './decode.ts';

export interface Task {
  id: number;
  film: Uint8Array<ArrayBuffer>;
}
export type Answer = { id: number; decoded: Decoded } | { id: number; error: string };

const scope = self as unknown as {
  onmessage: (event: MessageEvent<Task>) => void;
  postMessage(answer: Answer, transfer?: Transferable[]): void;
};

scope.onmessage = async ({ data: { id, film } }) => {
  try {
    const decoded = await decode(film);
    scope.postMessage({ id, decoded }, [decoded.bytes.buffer]);
  } catch (error) {
    scope.postMessage({ id, error: String(error) });
  }
};
