import { parseDocument, stringify } from 'yaml';
import { Errno } from '../../kernel/errno.ts';

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

/** Plain data as a YAML document; long text is not folded, so that what was written is what is read. */
export const formatYaml = (value: unknown): string => stringify(value, { lineWidth: 0 });
