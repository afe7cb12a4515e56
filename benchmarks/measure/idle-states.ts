import { open } from 'node:fs/promises';
import type { BenchmarkContext } from '../benchmark.js';

/** Linux's quality of service for latency: held at no microseconds for as long as somebody keeps the file open. */
const DEVICE = '/dev/cpu_dma_latency';

export type IdleStates = 'off' | 'on';

/**
 * Keeps the cores from going to sleep until the benchmark ends, as cyclictest does and tuned's profile for low latency: one call at a
 * time is mostly threads that wake each other, and a core of a virtual machine that sleeps is woken by the host, when that has time.
 *
 * Needs Linux and the right to write the device, as root has; without it, tells so and goes on.
 * @see https://docs.kernel.org/power/pm_qos_interface.html
 */
export async function idleStatesOff(
  { teardown, progress }: Pick<BenchmarkContext, 'teardown' | 'progress'>,
  device = DEVICE,
): Promise<IdleStates> {
  try {
    const file = await open(device, 'r+');
    teardown.add('the wish for low latency', () => file.close());
    await file.write(Buffer.alloc(4));
    return 'off';
  } catch (error) {
    progress(`Idle states of the processor stay on, latencies hold wake-ups: ${(error as Error).message}`);
    return 'on';
  }
}
