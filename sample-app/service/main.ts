import 'reflect-metadata';
import { driverFromEnvironment } from '../kafka-driver.js';
import { createService } from './create-service.js';

const main = async (): Promise<void> => {
  const service = await createService(driverFromEnvironment());
  await service.listen();
  console.log(`The service "sum" serves calls (process ${process.pid}).`);
};

void main();
