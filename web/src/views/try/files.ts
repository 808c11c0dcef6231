/** Files of a job that can answer here: Core ML files, and the variants that compression has tried. */

import type { Schemas } from '../../api/client.ts';

export interface Answering {
  readonly name: string;
  readonly size: number;
  /** Form of the weights, such as `float32` or `palettized-4`; empty if it is not known. */
  readonly weights: string;
  /** Whether the job delivers it: the phone gets it. */
  readonly delivered: boolean;
}

type Artifact = Pick<Schemas['ArtifactMessage'], 'name' | 'kind' | 'size_bytes'>;
type Tried = Pick<Schemas['Compressed'], 'artifact' | 'file' | 'weights'>;

/** The files, the delivered ones first. `wanted` is the form that the document asks for. */
export function answering(
  artifacts: readonly Artifact[],
  tried: readonly Tried[],
  wanted: string,
): Answering[] {
  const weights = new Map(
    tried.flatMap((one) => (one.artifact ? [[plain(one.artifact), one.weights] as const] : [])),
  );
  return artifacts
    .filter(({ kind }) => ['mlmodel', 'mlpackage', 'variant'].includes(kind))
    .map(({ name, kind, size_bytes }) => ({
      name,
      size: size_bytes,
      delivered: kind !== 'variant',
      weights:
        weights.get(plain(name)) ?? (kind === 'variant' ? formOf(name) : wanted === 'auto' ? '' : wanted),
    }))
    .sort((a, b) => Number(b.delivered) - Number(a.delivered));
}

/** `model.float32.mlpackage.zip` has the weights `float32`. */
function formOf(name: string): string {
  return /^model\.(.+?)\.ml(?:model|package)(?:\.zip)?$/.exec(name)?.[1] ?? '';
}

/** The name without `.zip`: on the phone, and in the server's events, a package is a folder. */
export function plain(name: string): string {
  return name.replace(/\.zip$/, '');
}
