import 'reflect-metadata';
import { driverFromEnvironment } from '../kafka-driver.js';
import { createGateway } from './create-gateway.js';

const main = async (): Promise<void> => {
  const gateway = await createGateway(driverFromEnvironment);
  await gateway.listen(process.env.PORT ?? 3000);
  console.log(`The gateway listens on ${await gateway.getUrl()} (process ${process.pid}).`);
};

void main();
