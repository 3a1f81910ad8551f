import type { Row } from '../files/dir.ts';
import { Text } from '../files/text.ts';
import type { World } from '../files/world.ts';

type AnyRow = Pick<Row<never>, 'name' | 'kind' | 'says' | 'rows'>;

/** Every path of a table and of the tables below it, with its kind and its sentence. */
export const helpText = (rows: readonly AnyRow[]): string => {
  const found = [...paths(rows, '')];
  const width = Math.max(...found.map(([path]) => path.length));
  return found.map(([path, { kind, says }]) => `${path.padEnd(width)}  ${kind.padEnd(6)}  ${says}\n`).join('');
};

function* paths(rows: readonly AnyRow[], above: string): Iterable<[string, AnyRow]> {
  for (const row of rows) {
    const directory = row.kind === 'dir' || row.kind === 'queue' || row.kind === 'host';
    const path = `${above}${row.name}${directory ? '/' : ''}`;
    yield [path, row];
    if (row.rows) yield* paths(row.rows, path);
  }
}

/** The table of the directory it lies in, as it is on this server. */
export const help = (world: World, rows: () => readonly AnyRow[]): Text =>
  new Text(world, () => helpText(rows()), { fixed: true });
