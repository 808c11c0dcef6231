/** A problem document of the server (RFC 9457), or what stands for one if it could not be reached. */
export class ServerProblem extends Error {
  constructor(
    /** 0 if there was no answer. */
    readonly status: number,
    readonly type: string,
    readonly detail: string,
    /** Single problems of a document or request, each with a JSON pointer. */
    readonly problems: readonly unknown[] = [],
    /** How long the server asks to wait, in seconds; null if it says nothing. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
    this.name = 'ServerProblem';
  }
}
