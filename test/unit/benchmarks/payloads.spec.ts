import { gzipSync } from 'node:zlib';
import { payloadTexts } from '../../../benchmarks/fleet/payloads.js';

describe('payload texts', () => {
  it.each([100, 1024, 65_536])('are of exactly %d bytes', (bytes) => {
    expect(new Set(payloadTexts(bytes).map((text) => Buffer.byteLength(text)))).toEqual(new Set([bytes]));
  });

  it('lose about half of their bytes to compression, many together as much as one alone', () => {
    const texts = payloadTexts(1024);
    const share = (text: string): number => gzipSync(text).length / text.length;
    expect(share(texts.slice(0, 500).join(''))).toBeGreaterThan(0.4);
    expect(share(texts.slice(0, 500).join(''))).toBeLessThan(0.6);
    expect(share(texts[0]!)).toBeLessThan(0.65);
  });

  it('differ within a run and are the same in every run', () => {
    const texts = payloadTexts(1024);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.length).toBeGreaterThan(1_000);
    expect(payloadTexts(1024)).toEqual(texts);
    expect(payloadTexts(1024, 2)[0]).not.toBe(texts[0]);
  });
});
