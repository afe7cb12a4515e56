import { BROKER_WINDOWS } from './brokers.js';
import { CLIENT_WINDOWS } from './clients.js';
import type { FaultWindow } from './fault-window.js';
import { LOST_ANSWER_WINDOWS } from './lost-answers.js';
import { mixed } from './mixed.js';
import { NETWORK_WINDOWS } from './network.js';
import { DISK_WINDOWS } from './disk.js';
import { RIGHTS_WINDOWS } from './rights.js';
import { SERVER_WINDOWS } from './servers.js';
import { TOPIC_WINDOWS } from './topics.js';

const MIXED = 20;

/** Every fault, once. */
const EACH: readonly FaultWindow[] = [
  ...SERVER_WINDOWS,
  ...CLIENT_WINDOWS,
  ...NETWORK_WINDOWS,
  ...LOST_ANSWER_WINDOWS,
  ...BROKER_WINDOWS,
  ...TOPIC_WINDOWS,
  ...RIGHTS_WINDOWS,
  ...DISK_WINDOWS,
];

/** Every fault, and then several at once, again and again. */
export const MATRIX: readonly FaultWindow[] = [
  ...EACH,
  ...Array.from({ length: MIXED }, (_, at) => mixed(at + 1)),
];

/** The part that belongs to every run of the tests. */
export const SHORT_TIER: readonly FaultWindow[] = EACH.filter(({ isShort }) => isShort);
