import 'reflect-metadata';
import { settingsOf } from '../settings.js';
import { createService } from './create-service.js';

async function main(): Promise<void> {
  const settings = settingsOf(process.env);
  const { app, server } = await createService(settings);
  app.enableShutdownHooks();
  await app.listen();
  console.log(`Service "${settings.service}" is ready: server ${server.id}, process ${process.pid}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
