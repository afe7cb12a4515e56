import { Child } from '../../../benchmarks/process/child.js';
import { lineProgram } from '../../../benchmarks/process/line-program.js';

/** Doubles numbers, refuses others, and talks beside its answers. */
const DOUBLING = `
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, command, argument } = JSON.parse(line);
  if (command === 'leave') process.exit(0);
  if (command === 'die') process.exit(3);
  console.log('asked for ' + argument);
  console.log(JSON.stringify(typeof argument === 'number' ? { id, value: argument * 2 } : { id, error: 'no number' }));
}).on('close', () => process.exit(0));
`;

interface Doubling {
  double(value: unknown): Promise<number>;
  die(nothing: null): Promise<null>;
}

describe('a program that is asked by lines of JSON', () => {
  const children: Child<Doubling>[] = [];
  const started = (program: string, args: readonly string[]): Child<Doubling> => {
    const child = new Child<Doubling>('the doubler', lineProgram({ program, args }));
    children.push(child);
    return child;
  };
  const doubler = (): Child<Doubling> => started(process.execPath, ['-e', DOUBLING]);

  beforeEach(() => jest.spyOn(process.stderr, 'write').mockReturnValue(true));
  afterEach(async () => {
    jest.restoreAllMocks();
    await Promise.all(children.splice(0).map((child) => child.stop()));
  });

  it('answers each question with its own answer', async () => {
    const child = doubler();
    await expect(Promise.all([child.ask('double', 1), child.ask('double', 21)])).resolves.toEqual([2, 42]);
  });

  it('may print what is no answer: that goes to standard error', async () => {
    await doubler().ask('double', 7);
    expect(process.stderr.write).toHaveBeenCalledWith('asked for 7\n');
  });

  it('fails a question with its own words', async () => {
    await expect(doubler().ask('double', 'x')).rejects.toThrow('the doubler: no number');
  });

  it('fails the open questions when it ends by itself', async () => {
    await expect(doubler().ask('die', null)).rejects.toThrow('the doubler ended by itself (code 3)');
  });

  it('fails the questions when there is no such program, and stops without a process', async () => {
    const absent = started('/nowhere/doubler', []);
    await expect(absent.ask('double', 1)).rejects.toThrow('ENOENT');
    await expect(absent.stop()).resolves.toBeUndefined();
  });
});
