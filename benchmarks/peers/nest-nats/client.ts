import { callSums } from '../client-program.js';
import { connectNestClient } from '../nest/sum-client.js';
import { PATTERN, natsOptions } from './options.js';

callSums(() => connectNestClient(natsOptions(process.argv.slice(2)), PATTERN));
