import { serveSums } from '../server-program.js';
import { floorServer } from './floor-server.js';
import { oneMessagePerRecord } from './packing.js';

serveSums(floorServer('floor', oneMessagePerRecord));
