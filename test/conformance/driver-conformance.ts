import { describeClosing } from './closing.js';
import type { DriverHarness } from './driver-harness.js';
import { describeGroupReading } from './group-reading.js';
import { describeGroupRebalancing } from './group-rebalancing.js';
import { describeGroupSharing } from './group-sharing.js';
import { describeOutages } from './outages.js';
import { describeProducing } from './producing.js';
import { describeReading } from './reading.js';
import { describeTopics } from './topics.js';
import { describeTopicChanges } from './topic-changes.js';
import { Workbench } from './workbench.js';

export type { DriverHarness, HarnessTiming } from './driver-harness.js';

/** A test waits for a few things, one after the other, each with a deadline of its own. */
const DEADLINES_PER_TEST = 4;

/**
 * Registers the tests that every driver passes: what the port (lib/driver/driver.ts) promises, as behaviour.
 * Run it on a new driver before anything above the driver is run on it.
 */
export const describeDriver = (name: string, harness: DriverHarness): void => {
  describe(`${name} driver`, () => {
    const bench = new Workbench(harness);
    const testTimeoutMs = harness.timing.deadlineMs * DEADLINES_PER_TEST;
    const each = (title: string, register: (bench: Workbench) => void): void =>
      describe(title, () => register(bench));

    jest.setTimeout(testTimeoutMs);
    beforeAll(() => harness.start(), testTimeoutMs);
    afterAll(() => harness.stop(), testTimeoutMs);
    afterEach(() => bench.clear(), testTimeoutMs);

    each('topics', describeTopics);
    each('producing', describeProducing);
    each('reading one partition', describeReading);
    each('reading as a group', describeGroupReading);
    each('sharing in a group', describeGroupSharing);
    each('a group that rebalances', describeGroupRebalancing);
    each('topics that change', describeTopicChanges);
    each('closing', describeClosing);
    each('a broker that goes away', describeOutages);
  });
};
