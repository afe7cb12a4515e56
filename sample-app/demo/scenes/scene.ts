import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import type { GatewayClient } from '../gateway-client.js';

/** The two ways to the services: HTTP and the gateway, or a `ClientProxy` of one's own. */
export interface Ways {
  readonly gateway: GatewayClient;
  readonly client: KafkaRpcClient;
}

/** One line of the report. */
export interface Answer {
  readonly via: 'HTTP' | 'ClientProxy';
  readonly answer: string;
  /** The servers that answered, one entry per call. */
  readonly by: readonly string[];
  readonly time: string;
  /** @default 1 */
  readonly calls?: number;
  /** What was expected instead; undefined when all is right. */
  readonly wrong?: string | undefined;
}

/** One kind of call, through both ways. */
export interface Scene {
  readonly title: string;
  play(ways: Ways): AsyncIterable<Answer>;
}

/** What to say of an answer that is not the expected one. */
export const differs = (got: unknown, expected: unknown): string | undefined => {
  const [shown, wanted] = [JSON.stringify(got), JSON.stringify(expected)];
  return shown === wanted ? undefined : `got ${shown}, expected ${wanted}`;
};
