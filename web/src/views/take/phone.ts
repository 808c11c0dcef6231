/** Addresses that a phone opens. */

/** The address with another host, which may have a port: `192.168.1.7` keeps the port of the page. */
export function atHost(address: string, host: string): string | null {
  const url = new URL(address);
  const wanted = host
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '');
  if (!/^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(wanted)) return null;
  url.host = wanted;
  // An assignment that is not a host changes nothing.
  return url.host.split(':')[0]!.toLowerCase() === wanted.split(':')[0]!.toLowerCase() ? url.href : null;
}

/** A view of the page; the token is in the hash, which is sent to no server and is in no log. */
export function pageAddress(base: string, view: string, job: string, token: string): string {
  return `${base}#/${view}/${encodeURIComponent(job)}${token ? `?token=${encodeURIComponent(token)}` : ''}`;
}
