import { expect, it } from 'vitest';
import { eventReader } from './event_stream.ts';

it('reads events however they are cut, and passes over heartbeats', () => {
  for (const newline of ['\n', '\r\n']) {
    const text = [
      ': heartbeat',
      '',
      'event: job',
      'id: 7',
      'data: {"a":',
      'data:1}',
      '',
      'data: 2',
      '',
      'data: 3',
    ].join(newline);
    for (let size = 1; size <= text.length; size++) {
      const read = eventReader();
      const found: string[] = [];
      for (let at = 0; at < text.length; at += size) found.push(...read(text.slice(at, at + size)));
      expect(found).toEqual(['{"a":\n1}', '2']);
    }
  }
});
