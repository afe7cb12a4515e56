import { KafkaRpcServer } from 'nestjs-kafka-rpc';
import { startNestServer } from '../nest/sum-server.js';
import { serveSums } from '../server-program.js';
import { PATTERN, wireOptions } from './options.js';

serveSums((broker) => {
  const strategy = new KafkaRpcServer({ ...wireOptions(broker), groupId: `${broker.prefix}ours` });
  return startNestServer({ strategy }, PATTERN);
});
