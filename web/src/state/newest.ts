/** Of several requests whose answers may come in any order, only the newest one counts. */
export class Newest {
  #count = 0;

  /** Begin a request, after which no earlier one counts. The result says whether it is still the newest. */
  begin(): () => boolean {
    const mine = ++this.#count;
    return () => mine === this.#count;
  }
}
