import { printable } from '../../../lib/diagnostics/printable.js';

describe('printable text', () => {
  it('is what it was when nothing is wrong with it', () => {
    expect(printable('encryption:aes-256-gcm+süß', 100)).toBe('encryption:aes-256-gcm+süß');
  });

  it.each([
    ['a line break', 'a\r\nb', 'a??b'],
    ['an escape sequence', 'a\u001b[31mb', 'a?[31mb'],
    ['a line separator', 'a\u2028b', 'a?b'],
    ['a change of writing direction', 'a\u202eb', 'a?b'],
    ['half a surrogate pair', 'a\ud800b', 'a?b'],
    ['a zero byte', 'a\0b', 'a?b'],
  ])('has %s replaced', (_what, text, shown) => {
    expect(printable(text, 100)).toBe(shown);
  });

  it('is cut to its bound, and shows that it was', () => {
    expect(printable('abcdef', 4)).toBe('abc…');
    expect(printable('abcd', 4)).toBe('abcd');
  });
});
