import { callSums } from '../client-program.js';
import { connectNestClient } from '../nest/sum-client.js';
import { PATTERN, redisOptions } from './options.js';

callSums(() => connectNestClient(redisOptions(process.argv.slice(2)), PATTERN));
