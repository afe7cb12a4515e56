import { runTool } from '../../../benchmarks/peers/run-tool.js';

const run = (script: string): Promise<void> => runTool(process.execPath, ['-e', script], '.');

describe('a tool that fetches or builds', () => {
  it('fails with what it said went wrong, in one line', async () => {
    const script = `console.log('fetching'); console.error('ERROR: no network\\nerror code 7'); process.exit(1)`;
    await expect(run(script)).rejects.toThrow(/failed: ERROR: no network; error code 7$/);
  });

  it('fails with all that it said when none of it is called an error', async () => {
    await expect(run(`console.log('no space left'); process.exit(1)`)).rejects.toThrow(
      /failed: no space left$/,
    );
  });

  it('fails with the reason when it is not there', async () => {
    await expect(runTool('/nowhere/mvn', ['package'], '.')).rejects.toThrow('ENOENT');
  });
});
