import { channels, type RefusedRecord } from './channels.js';
import type { Counters } from './counters.js';

/** Counts a refusal by its reason and publishes it. Call it once per record and reason, whatever the number of messages. */
export const reportRefusal = (counters: Counters, refused: RefusedRecord): void => {
  counters.addRefusal(refused.reason);
  channels.refused.publish(refused);
};
