import { startNestServer } from '../nest/sum-server.js';
import { serveSums } from '../server-program.js';
import { PATTERN, redisOptions } from './options.js';

serveSums(() => startNestServer(redisOptions(process.argv.slice(2)), PATTERN));
