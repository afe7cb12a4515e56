import { serveSums } from '../server-program.js';
import { floorServer } from '../floor/floor-server.js';
import { frameList } from '../floor/packing.js';

serveSums(floorServer('floor-frames', frameList));
