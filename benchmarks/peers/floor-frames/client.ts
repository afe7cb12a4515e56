import { callSums } from '../client-program.js';
import { floorClient } from '../floor/floor-client.js';
import { frameList } from '../floor/packing.js';

callSums(floorClient('floor-frames', frameList));
