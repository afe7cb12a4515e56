import { describeFairLimits } from '../support/fair-limits.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(180_000);

describe('limits and turns of handlers, over Kafka', () => {
  describeFairLimits(() => LiveCluster.start());
});
