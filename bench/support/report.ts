import type { Comparison } from './compare.ts';

/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly ours: string;
  readonly peer?: string;
  readonly ratio?: string;
  /** The ratio of the means, where `ratio` is one of medians. */
  readonly means?: string;
  readonly target?: string;
  readonly met?: boolean;
}

/** A comparison as a line; `most` is the largest ratio that meets the target. */
export const line = (name: string, { ours, peer, ratio, spread, means }: Comparison, most?: number): Row => ({
  name,
  ours: `${ours.toFixed(1)} us`,
  peer: `${peer.toFixed(1)} us`,
  ratio: `${ratio.toFixed(2)} (${spread.map((value) => value.toFixed(2)).join('-')})`,
  means: means.toFixed(2),
  ...(most === undefined ? {} : { target: `<= ${most}`, met: ratio <= most }),
});

const columns = ['name', 'ours', 'peer', 'ratio', 'means', 'target'] as const;

export class Report {
  readonly #title: string;
  readonly #rows: Row[] = [];
  readonly #notes: string[] = [];

  constructor(title: string) {
    this.#title = title;
  }

  add(row: Row): void {
    this.#rows.push(row);
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  /** Rows with a target that is not met. */
  get missed(): readonly Row[] {
    return this.#rows.filter(({ met }) => met === false);
  }

  toString(): string {
    const head: Row = {
      name: this.#title,
      ours: 'ours',
      peer: 'peer',
      ratio: 'ratio',
      means: 'of means',
      target: 'target',
    };
    const all = [head, ...this.#rows];
    const widths = columns.map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
    const lines = all.map((row) => {
      const cells = columns.map((column, i) =>
        i === 0 ? row.name.padEnd(widths[0]!) : (row[column] ?? '').padStart(widths[i]!),
      );
      const verdict = row.met === undefined ? '' : row.met ? 'met' : 'MISSED';
      return [...cells, verdict].join('  ').trimEnd();
    });
    return [...lines, ...this.#notes.map((note) => `- ${note}`)].join('\n');
  }
}
