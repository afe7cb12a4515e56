import { startNestServer } from '../nest/sum-server.js';
import { serveSums } from '../server-program.js';
import { PATTERN, natsOptions } from './options.js';

serveSums(() => startNestServer(natsOptions(process.argv.slice(2)), PATTERN));
