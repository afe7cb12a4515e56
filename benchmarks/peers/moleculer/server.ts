import { add, type Terms } from '../../measure/load.js';
import { serveSums } from '../server-program.js';
import { serviceBroker } from './service-broker.js';

const [folder = '.'] = process.argv.slice(2);

serveSums(async (settings) => {
  const broker = serviceBroker('server', settings, folder);
  broker.createService({
    name: 'sum',
    actions: { add: ({ params }: { readonly params: Terms }) => add(params) },
  });
  await broker.start();
  return { close: () => broker.stop() };
});
