/** Commands that fetch the files of a job with other tools. */

export interface Commands {
  readonly quickml: string;
  readonly curl: string;
  readonly python: string;
}

/** `server` is the address of the page; `token` says whether the server asks for one. */
export function commands(
  server: string,
  job: string,
  name: string,
  token: boolean,
  sha256: string,
): Commands {
  const address = server.replace(/\/$/, '');
  const path = `/v1/artifacts/${sha256}/${encodeURIComponent(name)}`;
  const auth = token ? ` \\\n    -H "Authorization: Bearer $QUICKML_TOKEN"` : '';
  return {
    quickml: `${token ? 'export QUICKML_TOKEN=qml_...\n' : ''}quickml download ${job} --server ${quoted(address)}`,
    curl:
      `curl --fail --output ${quoted(name)}${auth} \\\n    ${quoted(address + path)}\n` +
      `echo ${quoted(`${sha256}  ${name}`)} | sha256sum --check`,
    python: `from quickml import Client

with Client(${JSON.stringify(address)}${token ? ', token="qml_..."' : ''}) as client:
    for artifact in client.artifacts(${JSON.stringify(job)}):
        client.download(artifact, "model")
`,
  };
}

/** A word for a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
