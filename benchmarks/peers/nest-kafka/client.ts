import type { ClientKafka } from '@nestjs/microservices';
import { callSums } from '../client-program.js';
import { connectNestClient } from '../nest/sum-client.js';
import { kafkaOptions, patternOf } from './options.js';

callSums((settings) => {
  const pattern = patternOf(settings);
  return connectNestClient<ClientKafka>(kafkaOptions(settings), pattern, (client) =>
    client.subscribeToResponseOf(pattern),
  );
});
