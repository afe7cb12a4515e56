import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { faultSeed, isLongTier } from '../support/fault-tier.js';

// Some four minutes on an idle machine; nothing in it is about how fast that is.
jest.setTimeout(1_200_000);

/** Runs the fault suite in a process of its own, and gives what it said. */
const faults = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
  const env: NodeJS.ProcessEnv = { ...process.env, FAULT_SEED: `${faultSeed}` };
  // The one broker that suites share is none to be killed.
  if (env.KAFKA_KIND !== 'external') delete env.KAFKA_BROKERS;
  const suite = spawn(process.execPath, ['build/test/faults/main.js', ...args], { env });
  let output = '';
  for (const stream of [suite.stdout, suite.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString();
      process.stderr.write(text);
    });
  }
  const [code] = (await once(suite, 'close')) as [number | null];
  return { code, output };
};

describe(`the short tier of the fault suite, seed ${faultSeed}`, () => {
  it('holds all invariants in windows whose faults have happened', async () => {
    const { code, output } = await faults('--short');
    expect(output.split('\n').filter((line) => /^(FAIL| {4})/.test(line))).toEqual([]);
    expect(output).toMatch(/^ok /m);
    expect(code).toBe(0);
  });

  // Each in a window of its own: some seven minutes.
  (isLongTier ? it : it.skip)('notices each planted bug', async () => {
    const { code, output } = await faults('--planted');
    expect(output.split('\n').filter((line) => line.startsWith('not noticed'))).toEqual([]);
    expect(code).toBe(0);
  });
});
