import { callSums } from '../client-program.js';
import { ACTION, serviceBroker } from './service-broker.js';

const [folder = '.'] = process.argv.slice(2);

callSums(async (settings) => {
  const broker = serviceBroker('client', settings, folder);
  await broker.start();
  return { call: (terms) => broker.call(ACTION, terms), close: () => broker.stop() };
});
