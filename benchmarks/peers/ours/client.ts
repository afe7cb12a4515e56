import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { callSums } from '../client-program.js';
import { connectNestClient } from '../nest/sum-client.js';
import { PATTERN, wireOptions } from './options.js';

callSums((settings) =>
  connectNestClient({ customClass: KafkaRpcClient, options: wireOptions(settings) }, PATTERN),
);
