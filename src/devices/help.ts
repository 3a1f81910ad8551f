import type { Row } from '../files/dir.ts';
import { Text } from '../files/text.ts';
import type { World } from '../files/world.ts';

type AnyRow = Pick<Row<never>, 'name' | 'kind' | 'agent' | 'observer' | 'says' | 'rows' | 'hidden'>;

/** Every path of a table and of the tables below it, with its kind and its sentence. */
export const helpText = (rows: readonly AnyRow[]): string => {
  const found = paths(rows);
  const width = Math.max(...found.map(([path]) => path.length));
  return found.map(([path, { kind, says }]) => `${path.padEnd(width)}  ${kind.padEnd(6)}  ${says}\n`).join('');
};

const directories = new Set<string>(['dir', 'queue', 'host']);

/** Directories end in a slash; what lies behind a link stands under the link's name, and the hidden directory it leads to does not. */
export const paths = (rows: readonly AnyRow[], above = ''): [path: string, row: AnyRow][] =>
  rows
    .filter(({ kind, hidden }) => !(hidden && directories.has(kind)))
    .flatMap((row) => {
      const path = above + row.name;
      const below = row.rows ? paths(row.rows, `${path}/`) : [];
      return [[directories.has(row.kind) ? `${path}/` : path, row], ...below];
    });

/** The table of the directory it lies in, as it is on this server. */
export const help = (world: World, rows: () => readonly AnyRow[]): Text =>
  new Text(world, () => helpText(rows()), { fixed: true });
