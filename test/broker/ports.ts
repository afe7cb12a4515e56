import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/*
 * Below every system's range for outgoing connections. A port of that range is lost while its node is down:
 * a client that reconnects to it on the loopback can be given the very same port, and meets itself.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

/** Free ports that stay usable by their node across a kill and a restart. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
