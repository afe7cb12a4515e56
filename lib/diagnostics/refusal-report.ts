import { channels, type RefusedRecord } from './channels.js';
import type { Counters } from './counters.js';

/** Counts a refusal under its reason and publishes it: once per record and reason, however many messages it is of. */
export const reportRefusal = (counters: Counters, refused: RefusedRecord): void => {
  counters.addRefusal(refused.reason);
  channels.refused.publish(refused);
};
