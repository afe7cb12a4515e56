import { newcomer } from './clients.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { litter } from '../../support/litter.js';
import type { FaultWindow } from './fault-window.js';

const A_MOMENT_MS = 4_000;

/** What happens to topics. */
export const TOPIC_WINDOWS: readonly FaultWindow[] = [
  {
    name: 'the request topic grows',
    promise: { movesKeys: true, movesPartitions: true },
    happen: async ({ cast, stand, happened }) => {
      const before = await stand.topics.partitions(cast.requests);
      await stand.topics.grow(cast.requests, before + 3);
      await sleep(A_MOMENT_MS + 4_000);
      const after = await stand.topics.partitions(cast.requests);
      happened(`there are ${after} partitions, and were ${before}`, after === before + 3);
    },
  },
  {
    name: 'the reply topic grows',
    happen: async (scene) => {
      const { cast, stand, happened } = scene;
      const before = await stand.topics.partitions(cast.replies);
      await stand.topics.grow(cast.replies, before + 2);
      await sleep(A_MOMENT_MS);
      await newcomer(scene);
      const after = await stand.topics.partitions(cast.replies);
      happened(`there are ${after} partitions, and were ${before}`, after === before + 2);
    },
  },
  {
    name: 'the request topic is deleted and made again',
    promise: { failures: 'typed', losesLog: true, movesPartitions: true },
    happen: async ({ cast, stand, happened }) => {
      const before = await stand.topics.records(cast.requests);
      await stand.topics.recreate(cast.requests, 6);
      const after = await stand.topics.records(cast.requests);
      happened(`of ${before} records ${after} are left`, after < before);
      await sleep(A_MOMENT_MS);
    },
  },
  {
    name: 'the reply topic is deleted and made again',
    promise: { failures: 'typed', losesLog: true, movesPartitions: true },
    happen: async ({ cast, stand, happened }) => {
      const before = await stand.topics.records(cast.replies);
      await stand.topics.recreate(cast.replies, 1);
      const after = await stand.topics.records(cast.replies);
      happened(`of ${before} records ${after} are left`, after < before);
      await sleep(A_MOMENT_MS);
    },
  },
  {
    name: 'the request topic is deleted, and its servers make it again',
    promise: { failures: 'typed', losesLog: true, movesPartitions: true },
    happen: async ({ cast, stand, happened }) => {
      await stand.topics.delete(cast.requests);
      happened(`${cast.requests} was deleted`, true);
      await sleep(10_000);
    },
  },
  {
    name: 'all requests that are committed are deleted',
    promise: { failures: 'typed', losesLog: true },
    happen: async ({ cast, stand, happened }) => {
      const cut = await stand.topics.truncate(cast.requests);
      happened(`${cut} records were deleted`, cut > 0);
      await sleep(A_MOMENT_MS);
    },
  },
  {
    name: 'all replies are deleted',
    promise: { failures: 'typed', losesLog: true },
    happen: async ({ cast, stand, happened }) => {
      const cut = await stand.topics.truncate(cast.replies);
      happened(`${cut} records were deleted`, cut > 0);
      await sleep(A_MOMENT_MS);
    },
  },
  {
    name: 'records that are none of ours are in the request topic',
    happen: async ({ cast, kafka, stand, random, happened }) => {
      const partitions = await stand.topics.partitions(cast.requests);
      const sent = await litter(kafka.direct, cast.requests, { partitions, records: 300, random });
      happened(`${sent} records were sent`, sent === 300);
      await sleep(A_MOMENT_MS);
    },
  },
];
