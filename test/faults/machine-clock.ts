/**
 * Milliseconds on the machine's clock that never steps: the same for all of its processes, so that what a client, a server and the
 * conductor write down can be put in order.
 */
export const machineMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** What turns milliseconds since the epoch into `machineMs`. Asked once, in a process whose clock is not stepped. */
export const epochMs = (): number => Date.now() - machineMs();
