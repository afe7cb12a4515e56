import { decodeFinishedMap } from '../../lib/server/commits/finished-map-decoder.js';
import { encodeFinishedMap } from '../../lib/server/commits/finished-map-encoder.js';
import type { FinishedMap } from '../../lib/server/commits/finished-map.js';
import { OffsetTracker } from '../../lib/server/commits/offset-tracker.js';
import type { Subject } from './subject.js';

const FINISHED = 100_000;
const PLACE = { topic: 'rpc.sum.requests', partition: 0, offset: 0n };
/** More than a broker takes, so that all is written. */
const NO_LIMIT = 32_767;

/** What a commit says above its offset, of 100,000 finished calls. Once per commit, and not per call. */
export function finishedMapSubjects(): Subject[] {
  return [
    ...bothWays('128 calls open among records of one', FINISHED + 128, 1, 128 / FINISHED),
    ...bothWays('4,096 calls open among records of one', FINISHED + 4_096, 1, 4_096 / FINISHED),
    ...bothWays('128 calls open in records of 200', FINISHED / 200, 200, 128 / FINISHED),
    ...bothWays('half of the calls open, in records of 200', FINISHED / 100, 200, 1 / 2),
  ];
}

function bothWays(what: string, records: number, calls: number, openPart: number): Subject[] {
  const tracker = trackerWith(records, calls, openPart);
  const mapOf = (): FinishedMap => tracker.progress()?.map ?? fail();
  const map = mapOf();
  const { metadata, neededLength } = encodeFinishedMap(map, PLACE, NO_LIMIT);
  const name = `${what}: ${neededLength} characters`;
  return [
    { name: `${name}, collect`, operations: 1, run: () => void mapOf() },
    { name: `${name}, encode`, operations: 1, run: () => void encodeFinishedMap(map, PLACE, NO_LIMIT) },
    {
      name: `${name}, decode`,
      operations: 1,
      run: () => void (decodeFinishedMap(metadata, PLACE).map ?? fail()),
    },
  ];
}

function trackerWith(records: number, calls: number, openPart: number): OffsetTracker {
  const tracker = new OffsetTracker(0n);
  let state = 15;
  const isOpen = (): boolean => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32 < openPart;
  };
  for (let at = 0; at < records; at++) {
    const record = tracker.add(BigInt(at), 1_764_311_400_000 + at) ?? fail();
    record.open(calls);
    let open = at === 0 ? 1 : 0;
    for (let call = open; call < calls; call++) {
      if (isOpen()) open += 1;
      else record.mark(call);
    }
    if (open === 0) tracker.finish(record);
  }
  tracker.marked();
  return tracker;
}

const fail = (): never => {
  throw new Error('There is a finished map.');
};
