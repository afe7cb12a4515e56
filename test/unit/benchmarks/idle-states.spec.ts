import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idleStatesOff } from '../../../benchmarks/measure/idle-states.js';
import { Teardown } from '../../../benchmarks/process/teardown.js';

describe('the idle states of the processor', () => {
  const told: string[] = [];
  const progress = (line: string): void => void told.push(line);
  let folder: string;

  beforeEach(async () => {
    told.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'idle-states-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are off while a benchmark holds its wish for no latency', async () => {
    const device = join(folder, 'cpu_dma_latency');
    await writeFile(device, '');
    const teardown = new Teardown(progress);
    await expect(idleStatesOff({ teardown, progress }, device)).resolves.toBe('off');
    expect(await readFile(device)).toEqual(Buffer.from([0, 0, 0, 0]));
    await teardown.run();
    expect(told).toEqual([]);
  });

  it('stay on where nobody may wish so, and that is told', async () => {
    const teardown = new Teardown(progress);
    await expect(idleStatesOff({ teardown, progress }, join(folder, 'absent'))).resolves.toBe('on');
    expect(told).toEqual([expect.stringContaining('stay on')]);
  });
});
