/**
 * Asks for the newest of many questions: one is on its way, one waits, and a newer one takes the place of the one
 * that waits. Answers come in the order of their questions.
 */
export class Latest<Question, Answer> {
  #waiting: { question: Question } | null = null;
  #asking = false;
  #closed = false;

  constructor(
    private readonly ask: (question: Question) => Promise<Answer>,
    /** `isNewest` is false if another question waits already. */
    private readonly answered: (answer: Answer, question: Question, isNewest: boolean) => void,
    private readonly failed: (error: unknown, question: Question) => void,
  ) {}

  /** Whether a question has no answer yet. */
  get busy(): boolean {
    return this.#asking;
  }

  push(question: Question): void {
    if (this.#closed) return;
    this.#waiting = { question };
    if (!this.#asking) void this.#work();
  }

  /** No more answers. */
  close(): void {
    this.#closed = true;
    this.#waiting = null;
  }

  async #work(): Promise<void> {
    this.#asking = true;
    while (this.#waiting) {
      const { question } = this.#waiting;
      this.#waiting = null;
      try {
        const answer = await this.ask(question);
        if (!this.#closed) this.answered(answer, question, this.#waiting === null);
      } catch (error) {
        if (!this.#closed) this.failed(error, question);
      }
    }
    this.#asking = false;
  }
}
