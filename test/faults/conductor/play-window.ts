import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { coordinatorOf } from '../../support/coordinator.js';
import { readLog } from '../../support/record-log.js';
import { seededRandom } from '../../support/seeded-random.js';
import type { JournalLine, LedgerLine } from '../actors/lines.js';
import { check } from '../invariants/checker.js';
import { join as joinEvidence } from '../invariants/joined.js';
import { repeatsOf } from '../invariants/repeats.js';
import { epochMs, machineMs } from '../machine-clock.js';
import type { FaultWindow, Scene } from '../windows/fault-window.js';
import { CommitObserver } from '../witnesses/commit-observer.js';
import { answersOf, type Evidence, type ProcessStory, type WindowFacts } from '../witnesses/evidence.js';
import { endsOf, requestsOf } from '../witnesses/logged.js';
import { callsOf, runsOf } from '../witnesses/written.js';
import { Cast, DEADLINE_MS, SERVER_SETTINGS } from './cast.js';
import type { Stand } from './stand.js';
import type { WindowResult } from './window-result.js';

export interface WindowSettings {
  readonly seed: number;
  readonly callsPerSecond: number;
}

const UNDER_WAY_WITHIN_MS = 60_000;
const FIRST_ANSWERS = 50;
const QUIET_MS = 1_500;
const AFTER_MS = 3_000;
const RECOVERED_WITHIN_MS = 90_000;
const NOTHING_LEFT_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 200;

/** What one window has for itself, and what it is. */
interface Stage {
  readonly stand: Stand;
  readonly window: FaultWindow;
  readonly settings: WindowSettings;
  readonly cast: Cast;
  readonly observer: CommitObserver;
}

/** One window: load, fault, recovery, and what the witnesses say of it. */
export class WindowPlay {
  private readonly happened: string[] = [];
  private readonly missed: string[] = [];
  private crashes = 0;
  private readonly startedAtMs = machineMs();

  private constructor(private readonly stage: Stage) {}

  static async play(stand: Stand, window: FaultWindow, settings: WindowSettings): Promise<WindowResult> {
    const folder = await mkdtemp(join(tmpdir(), 'nestjs-kafka-rpc-faults-'));
    const service = `faults-${settings.seed}-${Math.round(machineMs())}`;
    const { seed } = settings;
    const replies = `${service}.replies`;
    const { user, nodeOptions } = window;
    const cast = await Cast.assemble(stand, { service, replies, folder, seed, nodeOptions, user });
    const observer = await CommitObserver.open(stand.kafka.direct, cast.groupId, cast.requests);
    const play = new WindowPlay({ stand, window, settings, cast, observer });
    try {
      return await play.result();
    } finally {
      await observer.close();
      await cast.abandon();
      await rm(folder, { recursive: true, force: true });
      for (const topic of [cast.requests, cast.replies])
        await stand.topics.delete(topic).catch(() => undefined);
    }
  }

  private async result(): Promise<WindowResult> {
    const evidence = await this.evidence(await this.act());
    const violations = this.missed.length > 0 ? [] : check(evidence);
    const joined = joinEvidence(evidence);
    const repeats = repeatsOf(joined);
    const { facts, calls, runs, processes } = evidence;
    const waits = calls
      .filter(({ kind }) => kind === 'work' || kind === 'plain')
      .map(({ sentAtMs, settlements }) => (settlements[0]?.atMs ?? 0) - sentAtMs);
    const { healedAtMs, recoveredAtMs } = facts;
    return {
      name: this.stage.window.name,
      seed: this.stage.settings.seed,
      violations,
      void: this.missed,
      happened: this.happened,
      calls: calls.length,
      answered: calls.filter((call) => answersOf(call) !== undefined).length,
      runs: runs.length,
      repeats: repeats.runs,
      repeatsOfFinished: repeats.ofFinished.length,
      slowestMs: Math.round(waits.reduce((slowest, ms) => Math.max(slowest, ms), 0)),
      longestStallMs: longestStall(processes),
      recoveredInMs: recoveredAtMs === undefined ? undefined : Math.round(recoveredAtMs - healedAtMs),
      tookMs: Math.round(machineMs() - this.startedAtMs),
    };
  }

  /** Load, fault, recovery, end. */
  private async act(): Promise<WindowFacts> {
    const { cast, stand, window, settings } = this.stage;
    const perClient = settings.callsPerSecond / cast.clients.length;
    for (const client of cast.clients) await client.ask('start', perClient);
    if (!(await cast.answersGrow(FIRST_ANSWERS, UNDER_WAY_WITHIN_MS)))
      this.missed.push('the load never got under way');
    await sleep(QUIET_MS);
    const faultFromMs = machineMs();
    await window.happen(this.scene());
    await stand.heal();
    const healedAtMs = machineMs();
    const isAnswered = await cast.answersGrow(FIRST_ANSWERS, RECOVERED_WITHIN_MS);
    const answeredAtMs = machineMs();
    await sleep(AFTER_MS);
    for (const client of cast.clients) await client.ask('stop');
    const endedAtMs = machineMs();
    await cast.settled(DEADLINE_MS + 5_000);
    const isRead = await this.nothingLeft();
    await cast.atRest(10_000);
    const restedAtMs = machineMs();
    await cast.dismiss();
    const { promise = {}, name } = window;
    return {
      name,
      callsPerSecond: settings.callsPerSecond,
      commitIntervalMs: SERVER_SETTINGS.commitIntervalMs,
      concurrency: SERVER_SETTINGS.concurrency,
      promise,
      crashes: this.crashes,
      faultFromMs,
      healedAtMs,
      recoveredAtMs: isAnswered && isRead ? answeredAtMs : undefined,
      endedAtMs,
      restedAtMs,
    };
  }

  private async evidence(facts: WindowFacts): Promise<Evidence> {
    const { cast, stand, observer } = this.stage;
    // One more look, behind the last commit.
    await sleep(2 * LOOK_EVERY_MS);
    const sinceEpochMs = epochMs();
    const requests = await readLog(stand.kafka.direct, cast.requests);
    const replies = await readLog(stand.kafka.direct, cast.replies);
    const clients = cast.everybody.filter(({ name }) => name.startsWith('c'));
    const servers = cast.everybody.filter(({ name }) => name.startsWith('s'));
    return {
      facts,
      calls: clients.flatMap((client) => callsOf(client.name, client.lines<LedgerLine>())),
      runs: runsOf(servers.flatMap((server) => server.lines<JournalLine>())),
      ...requestsOf(requests, sinceEpochMs),
      ends: endsOf(replies, sinceEpochMs),
      commits: observer.seen,
      processes: cast.everybody.map((actor) => actor.story()),
    };
  }

  private async nothingLeft(): Promise<boolean> {
    const deadline = performance.now() + NOTHING_LEFT_WITHIN_MS;
    while (performance.now() < deadline) {
      if ((await this.stage.observer.lag().catch(() => 1)) === 0) return true;
      await sleep(LOOK_EVERY_MS);
    }
    return false;
  }

  private scene(): Scene {
    const { stand, cast, settings } = this.stage;
    const random = seededRandom(settings.seed);
    return {
      stand,
      cast,
      random,
      kafka: stand.kafka,
      network: stand.network,
      happened: (what, isSo) => void (isSo ? this.happened : this.missed).push(what),
      crashed: (servers = 1) => void (this.crashes += servers),
      someLeader: async (topic) => random.pick(await stand.replicas.leaders(topic)),
      coordinator: () => coordinatorOf(random.pick(stand.kafka.direct), cast.groupId),
    };
  }
}

const longestStall = (processes: readonly ProcessStory[]): number =>
  Math.round(
    processes
      .filter(({ role }) => role === 'server')
      .flatMap(({ stalls }) => stalls)
      .reduce((longest, { from, to }) => Math.max(longest, to - from), 0),
  );
