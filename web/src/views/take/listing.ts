/** The files of a job in the order in which somebody wants them. */

import type { Schemas } from '../../api/client.ts';
import { plain } from '../try/files.ts';

export type Artifact = Schemas['ArtifactMessage'];
export type Part = 'phone' | 'tried' | 'others' | 'record';

export interface Listed {
  readonly artifact: Artifact;
  /** The name as it is after unpacking. */
  readonly name: string;
  /** A key of the texts that say what the file is. */
  readonly what: What;
}

const WHATS = {
  mlmodel: 'phone',
  mlpackage: 'phone',
  aimodel: 'phone',
  variant: 'tried',
  onnx: 'others',
  keras: 'others',
  report: 'record',
  data: 'record',
  spec: 'record',
  film: 'record',
  answers: 'record',
  other: 'record',
} as const satisfies Record<string, Part>;
export type What = keyof typeof WHATS;

/** The files by part, each part in its order. */
export function listed(artifacts: readonly Artifact[]): Record<Part, Listed[]> {
  const parts: Record<Part, Listed[]> = { phone: [], tried: [], others: [], record: [] };
  const all = artifacts.map((artifact) => ({ artifact, name: plain(artifact.name), what: whatOf(artifact) }));
  const order = Object.keys(WHATS);
  all.sort((a, b) => order.indexOf(a.what) - order.indexOf(b.what) || a.name.localeCompare(b.name));
  for (const one of all) parts[WHATS[one.what]].push(one);
  return parts;
}

function whatOf({ kind, name }: Artifact): What {
  if (kind === 'report') return name.endsWith('.json') ? 'data' : 'report';
  return kind in WHATS ? (kind as What) : 'other';
}

/** What verification has found about a file. */
export function parityOf(parity: readonly Schemas['Parity'][], name: string): Schemas['Parity'] | undefined {
  return parity.find((one) => plain(one.file) === plain(name));
}
