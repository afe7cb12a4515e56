import 'reflect-metadata';
import { closeOnSignals } from 'nestjs-kafka-rpc';
import { settingsOf } from '../settings.js';
import { createService } from './create-service.js';

async function main(): Promise<void> {
  const settings = settingsOf(process.env);
  const { app, server } = await createService(settings);
  closeOnSignals(app);
  await app.listen();
  console.log(`Service "${settings.service}" is ready: server ${server.id}, process ${process.pid}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
