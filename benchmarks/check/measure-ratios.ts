import type { BenchmarkContext } from '../benchmark.js';
import type { BenchBroker } from '../broker/bench-broker.js';
import { startPair, warmUp as warmUpFleet } from '../fleet/fleet.js';
import type { Stages } from '../fleet/settings.js';
import { idleStatesOff } from '../measure/idle-states.js';
import { interleave, type Measurement, type Series } from '../measure/rounds.js';
import { inTurns } from '../measure/turns.js';
import { warmUp } from '../measure/warm-up.js';
import { floorFrames } from '../peers/floor-frames/peer.js';
import { floor } from '../peers/floor/peer.js';
import { nestKafka } from '../peers/nest-kafka/peer.js';
import { ours } from '../peers/ours/peer.js';
import { startPeers } from '../peers/start-peers.js';
import { ratioOfRounds, type Ratio } from './ratio.js';

/** How long the check measures: enough rounds that their noise is known. */
export interface CheckPlan {
  readonly rounds: number;
  readonly seconds: number;
}

const PEERS = [ours, floor, floorFrames, nestKafka];
const LEVELS = [1, 100, 1_000];
const PAYLOAD_BYTES = 1_024;
const AT_ONCE = 1_000;

export async function measureRatios(
  broker: BenchBroker,
  plan: CheckPlan,
  context: BenchmarkContext,
): Promise<Ratio[]> {
  return [...(await overPeers(broker, plan, context)), await allStagesOverPlain(broker, plan, context)];
}

async function overPeers(broker: BenchBroker, plan: CheckPlan, context: BenchmarkContext): Promise<Ratio[]> {
  const started = await startPeers(PEERS, broker, context);
  await warmUp(started, context);
  const loads = LEVELS.map((concurrency) => ({ concurrency, seconds: plan.seconds }));
  await idleStatesOff(context);
  const roundPlan = { loads, rounds: plan.rounds, brokerPid: broker.pid };
  const series = await interleave(started, roundPlan, context.progress);
  for (const { handle } of started) await handle.stop();
  const rate = ({ callsPerSecond }: Measurement): number => callsPerSecond;
  const p50 = ({ latencyMs }: Measurement): number => latencyMs.p50;
  return [
    overPeer(series, { over: floorFrames.name, level: 1_000, value: rate, better: 'higher' }),
    overPeer(series, { over: floorFrames.name, level: 100, value: rate, better: 'higher' }),
    overPeer(series, { over: nestKafka.name, level: 1_000, value: rate, better: 'higher' }),
    overPeer(series, { over: floor.name, level: 1, value: p50, better: 'lower' }),
  ];
}

interface OverPeer {
  readonly over: string;
  readonly level: number;
  readonly value: (measurement: Measurement) => number;
  readonly better: Ratio['better'];
}

function overPeer(series: readonly Series[], { over, level, value, better }: OverPeer): Ratio {
  const roundsOf = (name: string): readonly Measurement[] =>
    series.find(({ peer, concurrency }) => peer === name && concurrency === level)?.rounds ?? [];
  const others = roundsOf(over);
  const rounds = roundsOf(ours.name).map((own, at) => value(own) / value(others[at]!));
  const what = better === 'higher' ? 'calls/s' : 'p50';
  return ratioOfRounds(`${what} over ${over}, ${level.toLocaleString('en')} at once`, better, rounds);
}

async function allStagesOverPlain(
  broker: BenchBroker,
  plan: CheckPlan,
  context: BenchmarkContext,
): Promise<Ratio> {
  const work = { kind: 'echo', bytes: PAYLOAD_BYTES } as const;
  const load = { concurrency: AT_ONCE, seconds: plan.seconds };
  const variant = async (stages: Stages) => {
    const { client } = await startPair({ ...broker, fleet: stages, stages }, context);
    await warmUpFleet(client, work, 100);
    return {
      labels: { payload: '1 KB', stages },
      measure: async () => ({ callsPerSecond: (await client.ask('run', { work, load })).callsPerSecond }),
    };
  };
  const [plain, all] = await inTurns(
    [await variant('plain'), await variant('all')],
    plan.rounds,
    context.progress,
  );
  const rounds = all!.rounds.map((round, at) => round.callsPerSecond! / plain!.rounds[at]!.callsPerSecond!);
  return ratioOfRounds('calls/s with all stages over plain, 1 KB, 1,000 at once', 'higher', rounds);
}
