import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startNestServer } from '../nest/sum-server.js';
import { serveSums } from '../server-program.js';
import { PATTERN, tcpOptions } from './options.js';

serveSums(async () => {
  const port = await freePort();
  return startNestServer(tcpOptions(port), PATTERN, { port });
});

/** Nest does not tell which port it got when it is given 0. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
