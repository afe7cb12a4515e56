import type { Memory } from './commands.js';

/** Of this process. Twice, as the first collection only marks what finalizers hold. */
export function ownMemory(): Memory {
  const { gc } = globalThis;
  gc?.();
  gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { residentBytes: rss, heapBytes: heapUsed + external };
}
