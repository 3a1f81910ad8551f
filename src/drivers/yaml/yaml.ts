import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  stringify,
  visit,
  type Document,
} from 'yaml';
import { Errno } from '../../kernel/errno.ts';
import { assertModest } from './modest.ts';

/** One YAML 1.2 document as plain data; a mistake is EINVAL and says the line. Aliases are bounded by the library. */
export const parseYaml = (text: string): unknown => {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  const mistake = document.errors[0];
  if (mistake) throw new Errno('EINVAL', mistake.message.split('\n', 1)[0]!.replace(/:$/, ''), { cause: mistake });
  try {
    return document.toJS() as unknown;
  } catch (cause) {
    throw new Errno('EINVAL', (cause as Error).message, { cause });
  }
};

/** Plain data as a YAML document; long text is not folded, so that what was written is what is read, and nothing is an alias. */
export const formatYaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** Data, and where each part of it stands. */
export interface Located {
  readonly data: unknown;
  /** `line 3, column 5` of what a path names; with `key`, of that key in the map there. The nearest that exists. */
  readonly at: (path: readonly (string | number)[], key?: string) => string;
}

/**
 * One YAML 1.2 document of somebody who may mean ill. Only plain data: no tags, no keys but text, no key twice. EINVAL with
 * `line 3, column 5: ...`, also for a document that is not worth its cost.
 */
export const readYaml = (text: string): Located => {
  assertModest(text);
  const lines = new LineCounter();
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const refuse = (offset: number, reason: string, cause?: unknown): never => {
    throw new Errno('EINVAL', `${place(offset)}: ${reason}`, { cause });
  };
  const document = withoutStacks(() =>
    parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      schema: 'core',
      resolveKnownTags: false,
    }),
  );
  const mistake = document.errors[0] ?? document.warnings[0];
  if (mistake) refuse(mistake.pos[0], mistake.message.split('\n', 1)[0]!, mistake);
  visit(document, {
    Alias: (_, node, path) => {
      const target = node.resolve(document);
      if (target && path.includes(target)) refuse(node.range?.[0] ?? 0, `*${node.source} is part of itself`);
    },
    Map: (_, { items }) => {
      const seen = new Set<string>();
      for (const { key, value } of items) {
        const at = (isNode(key) ? key.range : isNode(value) ? value.range : undefined)?.[0] ?? 0;
        const name = nameOf(key) ?? refuse(at, 'a key is text');
        if (seen.has(name)) refuse(at, `'${name}' stands there twice`);
        seen.add(name);
      }
      return undefined;
    },
  });
  let data: unknown;
  try {
    data = document.toJS();
  } catch (cause) {
    refuse(0, (cause as Error).message, cause);
  }
  return { data, at: (path, key) => place(offsetOf(document, path, key)) };
};

const offsetOf = (document: Document.Parsed, path: readonly (string | number)[], key?: string): number => {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  const step = (next: unknown): void => {
    if (isNode(next) && next.range) offset = next.range[0];
  };
  for (const name of path) {
    node = child(document, node, name)?.value;
    step(node);
  }
  if (key !== undefined) step(child(document, node, key)?.key);
  return offset;
};

/** A member of a map or an item of a list; through an alias, of what it stands for. */
const child = (
  document: Document.Parsed,
  node: unknown,
  name: string | number,
): { key: unknown; value: unknown } | undefined => {
  const inside = isAlias(node) ? node.resolve(document) : node;
  if (isMap(inside)) return inside.items.find(({ key }) => nameOf(key) === String(name));
  return isSeq(inside) ? { key: undefined, value: inside.items[Number(name)] } : undefined;
};

/** A key as data has it; undefined for one that is a collection, an alias or nothing. */
const nameOf = (key: unknown): string | undefined => {
  const value = isScalar(key) ? key.value : undefined;
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;
};

/** A bad document has an error for each of its characters, and their stacks would cost more than all the rest. */
const withoutStacks = <T>(work: () => T): T => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};
