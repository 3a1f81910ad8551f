/** Times as records write them, and ids the server makes: of messages by their time, those of schedules too, of goals and concerns at random. */
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const id = /\bm[0-9a-z]{12}\b|\b[cg]-[0-9A-Za-z]{8}\b|\bs\d{8}-[A-Za-z0-9][A-Za-z0-9._-]{0,99}-\d{13}\b/g;

/** A text with other ids. */
export const renamed = (text: string, named: (id: string) => string): string => text.replace(id, named);

/** A text without what is another one at another time, so that it can be compared. */
export const plain = (text: string, named: (id: string) => string = () => 'ID'): string =>
  renamed(text.replace(time, 'TIME'), named);
