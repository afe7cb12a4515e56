import { startNestServer } from '../nest/sum-server.js';
import { serveSums } from '../server-program.js';
import { kafkaOptions, patternOf } from './options.js';

serveSums((broker) => startNestServer(kafkaOptions(broker), patternOf(broker)));
