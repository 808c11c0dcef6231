/** Addresses for a phone, and the QR code that carries them. */

import { encode } from 'uqr';

/** Whether an address reaches this computer from this computer only. */
export function isLoopback(address: string): boolean {
  const { hostname } = new URL(address);
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\./.test(hostname)
  );
}

/** The address with another host, which may have a port: `192.168.1.7` keeps the port of the page. */
export function atHost(address: string, host: string): string | null {
  const url = new URL(address);
  const wanted = host
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '');
  if (!wanted || !/^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(wanted)) return null;
  url.host = wanted;
  // An assignment that is not a host changes nothing.
  return url.host.split(':')[0]!.toLowerCase() === wanted.split(':')[0]!.toLowerCase() ? url.href : null;
}

/** A view of the page on the phone; the token is in the hash, which is sent to no server and no log. */
export function pageAddress(base: string, view: string, job: string, token: string): string {
  return `${base}#/${view}/${encodeURIComponent(job)}${token ? `?token=${encodeURIComponent(token)}` : ''}`;
}

/** A QR code as an SVG path in modules; `size` includes the quiet zone of 4 modules that readers need. */
export function qr(text: string): { size: number; path: string } {
  const { data, size } = encode(text, { ecc: 'M', border: 4 });
  const rows = data.map((row, y) => {
    let [path, from] = ['', -1];
    for (let x = 0; x <= row.length; x++)
      if (row[x]) from = from < 0 ? x : from;
      else if (from >= 0) {
        path += `M${from} ${y}h${x - from}v1h${from - x}z`;
        from = -1;
      }
    return path;
  });
  return { size, path: rows.join('') };
}
