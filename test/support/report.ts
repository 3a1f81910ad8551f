/** Checks that are no unit tests: a line each as they end, and a closing line of counts. */
export class Report {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  pass(name: string, note = ''): void {
    this.#passed++;
    console.log(`ok ${name}${note && `: ${note}`}`);
  }

  fail(name: string, why: string): void {
    this.#failed++;
    console.log(`not ok ${name}: ${why}`);
  }

  skip(name: string, why: string): void {
    this.#skipped++;
    console.log(`skipped ${name}: ${why}`);
  }

  /** Passes where `run` returns (what it returns is shown), fails with the message of what it throws. */
  async check(name: string, run: () => Promise<string | undefined>): Promise<void> {
    const begun = performance.now();
    try {
      const note = await run();
      this.pass(name, [note, `${((performance.now() - begun) / 1000).toFixed(1)} s`].filter(Boolean).join(', '));
    } catch (error) {
      this.fail(name, error instanceof Error ? error.message : String(error));
    }
  }

  /** The exit code. */
  close(): number {
    console.log(`${this.#passed} passed, ${this.#failed} failed${this.#skipped ? `, ${this.#skipped} skipped` : ''}`);
    return this.#failed === 0 ? 0 : 1;
  }
}

export const must: (holds: boolean, why: string) => asserts holds = (holds, why) => {
  if (!holds) throw new Error(why);
};

/** Ends in the order of a test's teardowns: the last first. */
export class Ends {
  readonly #ends: (() => void | Promise<void>)[] = [];
  readonly teardown = (end: () => void | Promise<void>): void => void this.#ends.push(end);

  async run(): Promise<void> {
    for (const end of this.#ends.splice(0).toReversed()) await end();
  }
}
