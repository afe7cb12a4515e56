import 'reflect-metadata';
import { closeOnSignals } from 'nestjs-kafka-rpc';
import type { AddressInfo } from 'node:net';
import { settingsOf } from '../settings.js';
import { createGateway } from './create-gateway.js';

async function main(): Promise<void> {
  const app = await createGateway(settingsOf(process.env));
  closeOnSignals(app);
  const server = await app.listen(Number(process.env.PORT || 3000));
  const { port } = server.address() as AddressInfo;
  console.log(`Gateway is ready: http://localhost:${port}, process ${process.pid}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
