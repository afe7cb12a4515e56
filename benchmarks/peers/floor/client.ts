import { callSums } from '../client-program.js';
import { floorClient } from './floor-client.js';
import { oneMessagePerRecord } from './packing.js';

callSums(floorClient('floor', oneMessagePerRecord));
