/** Line breaks, control and format characters, halves of surrogate pairs: what could forge a line or hide in one. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

const CUT = '…';

/** Text from the wire, made safe for a log or an error: one line, with at most `maxLength` characters. */
export const printable = (text: string, maxLength: number): string => {
  const isLong = text.length > maxLength;
  // Cut first: the work is bounded, too.
  const shown = isLong ? text.slice(0, maxLength - CUT.length) : text;
  return shown.replace(UNPRINTABLE, '?') + (isLong ? CUT : '');
};
