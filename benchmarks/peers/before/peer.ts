import { access } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { forkedPeer } from '../forked-peer.js';
import type { Peer } from '../peer.js';

const NAME = 'before';

/**
 * This package as it is in another checkout, so that two of its versions are measured in one run.
 * @param checkout its folder, with `npm run build:programs` done there; undefined for none
 */
export const beforePeer = (checkout: string | undefined): Peer => {
  const program = path.resolve(checkout ?? '.', 'build/benchmarks/peers/ours/peer.js');
  const programs = forkedPeer({
    name: NAME,
    title: 'nestjs-kafka-rpc of the checkout in BENCH_BEFORE',
    module: pathToFileURL(program).href,
  });
  return {
    ...programs,
    unavailable: async () => {
      if (checkout === undefined) return 'BENCH_BEFORE names no other checkout of this package';
      const isBuilt = await access(program).then(
        () => true,
        () => false,
      );
      return isBuilt ? undefined : `there is no ${program}: run npm run build:programs in that checkout`;
    },
    // It would take the topics and the group of `ours` for its own.
    start: (broker) => programs.start({ ...broker, prefix: `${broker.prefix}before.` }),
  };
};

export const before = beforePeer(process.env.BENCH_BEFORE);
