import { callSums } from '../client-program.js';
import { connectNestClient } from '../nest/sum-client.js';
import { PATTERN, tcpOptions } from './options.js';

callSums(({ server }) => connectNestClient(tcpOptions(Number(server.port)), PATTERN));
