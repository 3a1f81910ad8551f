const MICRO = 1_000_000;
/** A thousand million USD: far below what an integer of JavaScript holds exactly. */
const MOST = 1_000_000_000 * MICRO;

/** Integer micro-USD of `0.50 USD` or of a bare `500000`, which is micro-USD. Undefined for anything else. */
export const parseMoney = (text: string): number | undefined => {
  const dollars = /^(\d{1,10})(?:\.(\d{1,6}))? ?USD$/.exec(text);
  const amount = dollars
    ? Number(dollars[1]) * MICRO + Number((dollars[2] ?? '').padEnd(6, '0'))
    : /^\d{1,16}$/.test(text)
      ? Number(text)
      : Number.NaN;
  return amount <= MOST ? amount : undefined;
};

/** As `0.50 USD`: two digits after the point, more where there are more. */
export const formatMoney = (micro: number): string => {
  const fraction = (micro % MICRO)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `${Math.floor(micro / MICRO)}.${fraction} USD`;
};
