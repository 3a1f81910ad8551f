import { cut } from '../text.ts';

/** Bytes of a message and of an answer that an episode keeps: of the first few of a tick, and of the rest. */
const TEXT = 2_048;
const REST = 128;
const WHOLE = 16;
const SUBJECT = 256;

/** What became of a message. */
export interface Happened {
  /** RFC 3339. */
  readonly time: string;
  readonly tick: number;
  readonly outcome: string;
  /** Whom the message is from, as in its `From`. */
  readonly from: string;
  readonly conversation: string;
  readonly message: Said;
  readonly answer?: Said | undefined;
  readonly error?: { readonly code: string; readonly reason: string } | undefined;
}

export interface Said {
  readonly id: string;
  readonly subject?: string | undefined;
  readonly inReplyTo?: string | undefined;
  readonly text: string;
}

/** What is stored of a tick's messages: no more than some hundred kilobytes, however many they were. */
export const shorten = (all: readonly Happened[]): Happened[] =>
  all.map((happened, at) => {
    const { message, answer, error } = happened;
    const most = at < WHOLE ? TEXT : REST;
    return {
      ...happened,
      message: saidShort(message, most),
      ...(answer ? { answer: saidShort(answer, most) } : {}),
      ...(error ? { error: { code: error.code, reason: cut(error.reason, TEXT) } } : {}),
    };
  });

const saidShort = ({ id, subject, inReplyTo, text }: Said, most: number): Said => ({
  id,
  ...(subject === undefined ? {} : { subject: cut(subject, SUBJECT) }),
  ...(inReplyTo === undefined ? {} : { inReplyTo: cut(inReplyTo, SUBJECT) }),
  text: cut(text, most),
});

/** As `memory/episodes/N.md` shows it. What others wrote is quoted, so that it cannot pass for a part of the document. */
export const episodeText = (all: readonly Happened[]): string => all.map(section).join('\n');

const section = ({ time, tick, outcome, from, conversation, message, answer, error }: Happened): string =>
  [
    `# Tick ${tick}: ${outcome}`,
    `${time}, message ${plain(message.id)} from ${plain(from)}, conversation ${conversation}`,
    ...(message.subject === undefined ? [] : [`Subject: ${plain(message.subject)}`]),
    `## Message\n\n${quote(message.text)}`,
    ...(answer ? [`## Answer\n\n${quote(answer.text)}`] : []),
    ...(error ? [`## Error\n\n${quote(`${error.code}: ${error.reason}`)}`] : []),
  ].join('\n\n') + '\n';

/** Bytes of what was said and answered, in the one line of an episode that was folded away. */
const GIST = 120;

/** The one line that stays of an episode when it is folded into the summary. */
export const gist = ({ time, tick, outcome, from, message, answer }: Happened): string => {
  const short = (text: string): string => {
    const whole = plain(text);
    const head = cut(whole, GIST);
    return head.length < whole.length ? `${head}...` : head;
  };
  const said = answer ? ` -> ${short(answer.text)}` : '';
  return `- ${time} tick ${tick} ${outcome}, ${plain(from)}: ${short(message.text)}${said}\n`;
};

/** Every line as a quotation of Markdown. */
export const quote = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '>' : `> ${line}`))
    .join('\n');

/** On one line, without what would steer a terminal. */
export const plain = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
