import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fillTables } from '../benchmarks/page/fill.js';
import { pageTables } from '../benchmarks/page/page-tables.js';
import { readResults, type Results } from '../benchmarks/page/results.js';

const ROOT = path.join(__dirname, '..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

describe('What is said of performance', () => {
  let results: Results;
  beforeAll(async () => {
    results = await readResults(path.join(ROOT, 'benchmarks/results'));
  });

  it('has in docs/performance.md the tables that the last results give (npm run bench:page writes them)', () => {
    const page = read('docs/performance.md');
    expect(fillTables(page, pageTables(results))).toBe(page);
  });

  it('shows every table on the page', () => {
    const page = read('docs/performance.md');
    const shown = [...page.matchAll(/<!-- table: ([\w-]+) -->/g)].map(([, name]) => name);
    expect(shown.sort()).toEqual([...pageTables(results).keys()].sort());
  });

  it('refuses a page that asks for a table which nothing gives', () => {
    const page = '<!-- table: wishes -->\n<!-- end of table -->';
    expect(() => fillTables(page, new Map())).toThrow('There is no table "wishes"');
  });

  it('claims no more in the README than the run of all peers gave', () => {
    const ratio = (over: string, level: number, measure: 'callsPerSecond' | 'p50'): number => {
      const found = results.roundTrip.ratios.find((each) => each.over === over && each.concurrency === level);
      return found?.[measure].median ?? NaN;
    };
    const claim =
      /(\d+) times the calls per second of Nest's stock Kafka\s+transport with 1,000 calls at once, (\d+) times with 100,\s+and (\d+) times lower latency with one call at a time\. With 1,000 at once it also made ([\d.]+) times the calls per second of Nest's TCP\s+transport\. With one at a time TCP is (\d+) times\s+faster/;
    const [, busy, hundred, single, tcp, tcpSingle] = (claim.exec(read('README.md')) ?? []).map(Number);
    expect(busy).toBe(Math.floor(ratio('nest-kafka', 1_000, 'callsPerSecond')));
    expect(hundred).toBe(Math.floor(ratio('nest-kafka', 100, 'callsPerSecond')));
    expect(single).toBe(Math.floor(1 / ratio('nest-kafka', 1, 'p50')));
    expect(tcp).toBe(Math.floor(ratio('nest-tcp', 1_000, 'callsPerSecond') * 10) / 10);
    expect(tcpSingle).toBe(Math.floor(ratio('nest-tcp', 1, 'p50')));
  });

  it('begins with figures that its table of peers has', () => {
    const page = read('docs/performance.md');
    const row = (peer: string): readonly string[] =>
      (new RegExp(`^\\| \`${peer}\` .*$`, 'm').exec(page)?.[0] ?? '').split('|').map((cell) => cell.trim());
    const [ours, stock, tcp] = [row('ours'), row('nest-kafka'), row('nest-tcp')];
    const claim =
      /this package made ([\d,]+) calls\/s\. Nest's stock Kafka transport made ([\d,]+) and Nest's TCP transport ([\d,]+)\. .*?answered in ([\d.]+ ms) at the median; TCP answered in ([\d.]+ ms)/s;
    expect(claim.exec(page)?.slice(1)).toEqual([ours[5], stock[5], tcp[5], ours[7], tcp[7]]);
  });
});
