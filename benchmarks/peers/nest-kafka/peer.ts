import { forkedPeer } from '../forked-peer.js';
import { createTopics } from '../kafka-topics.js';
import { patternOf } from './options.js';

export const nestKafka = forkedPeer({
  name: 'nest-kafka',
  title: "Nest's own Transport.KAFKA, as it comes",
  module: import.meta.url,
  prepare: (broker) => createTopics(broker, [patternOf(broker), `${patternOf(broker)}.reply`]),
});
