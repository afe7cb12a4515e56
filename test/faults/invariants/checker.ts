import type { Evidence } from '../witnesses/evidence.js';
import { answersAreRight, repliesAreRead, streamsAreWhole } from './answers.js';
import { cancelsAreHeard } from './cancels.js';
import { commitsDoNotGoBack, commitsPassNothing, noPartitionStaysBehind } from './commits.js';
import { deadlinesAreKept } from './deadlines.js';
import { allIsRun, saidNotToRun, startedInTime } from './execution.js';
import { callsDoNotFail } from './failures.js';
import { healthIsTrue } from './health.js';
import { join, type Joined } from './joined.js';
import { keysAreInOrder } from './order.js';
import { noProcessEnds, nothingIsTooMuch, stopsInTime } from './processes.js';
import { allIsWellAgain, loadWasALoad } from './recovery.js';
import { repeatsAreBounded } from './repeats.js';
import type { Violation } from './violation.js';

const CHECKS: readonly ((joined: Joined) => Violation[])[] = [
  allIsRun,
  answersAreRight,
  deadlinesAreKept,
  commitsPassNothing,
  callsDoNotFail,
  commitsDoNotGoBack,
  repeatsAreBounded,
  saidNotToRun,
  startedInTime,
  allIsWellAgain,
  noPartitionStaysBehind,
  nothingIsTooMuch,
  noProcessEnds,
  streamsAreWhole,
  cancelsAreHeard,
  stopsInTime,
  repliesAreRead,
  keysAreInOrder,
  healthIsTrue,
  loadWasALoad,
];

/** Holds all invariants against what the witnesses of a window say. */
export const check = (evidence: Evidence): Violation[] => {
  const joined = join(evidence);
  return CHECKS.flatMap((of) => of(joined));
};
