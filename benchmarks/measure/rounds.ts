import type { PeerHandle } from '../peers/peer.js';
import { alone, BREATH_MS, MOST_HELD_SECONDS } from './alone.js';
import { cpuSecondsOf, stolenSeconds } from './cpu.js';
import { runIn, type Latency, type Load } from './load.js';
import { undisturbed } from './undisturbed.js';

/** A peer that was started, warm, and waits for its turns. */
export interface StartedPeer {
  readonly name: string;
  readonly handle: PeerHandle;
}

/** One peer, one level, one round. */
export interface Measurement {
  readonly calls: number;
  readonly seconds: number;
  readonly callsPerSecond: number;
  readonly latencyMs: Latency;
  /** CPU seconds per 1,000 calls. */
  readonly cpuPerThousand: CpuPerThousand;
  /** Seconds of all cores that the host gave to others; undefined where it cannot be known. */
  readonly stolenSeconds: number | undefined;
}

export interface CpuPerThousand {
  readonly client: number;
  readonly server: number;
  /** Undefined for a broker whose process is not at hand. */
  readonly broker: number | undefined;
}

export interface RoundPlan {
  readonly loads: readonly Load[];
  readonly rounds: number;
  readonly brokerPid: number | undefined;
  /** What the peers that were held still have behind each measurement. @default enough for their heartbeats */
  readonly breathMs?: number;
}

/** What one peer gave under one load, a measurement per round. */
export interface Series {
  readonly peer: string;
  readonly concurrency: number;
  readonly rounds: readonly Measurement[];
}

/** The peers that reach so many calls at once. */
export const reaching = <P extends { readonly handle: Pick<PeerHandle, 'mostCallsAtOnce'> }>(
  peers: readonly P[],
  { concurrency }: Load,
): readonly P[] => peers.filter(({ handle }) => concurrency <= (handle.mostCallsAtOnce ?? Infinity));

/**
 * Level by level, A B C D, A B C D, …: the peers take turns, so that a slow minute of the machine falls on all of them,
 * and round n of one peer may be compared with round n of another. A peer that does not reach a level has no part in it.
 * @throws RangeError for a load that lasts longer than the other peers may be held still.
 */
export async function interleave(
  peers: readonly StartedPeer[],
  plan: RoundPlan,
  tell: (line: string) => void,
): Promise<Series[]> {
  const all: Series[] = [];
  const handles = peers.map(({ handle }) => handle);
  refuseLongTurns(plan.loads);
  for (const load of plan.loads) {
    const able = reaching(peers, load);
    for (const peer of peers) {
      if (!able.includes(peer))
        tell(`Leaving out ${peer.name}: it does not reach ${load.concurrency} at once`);
    }
    const level = able.map(({ name }) => ({
      peer: name,
      concurrency: load.concurrency,
      rounds: [] as Measurement[],
    }));
    for (let round = 1; round <= plan.rounds; round += 1) {
      for (const [at, { name, handle }] of able.entries()) {
        const work = (): Promise<Measurement> => measure(handle, load, handle.brokerPid ?? plan.brokerPid);
        const measured = await alone(handle, handles, work, plan.breathMs ?? BREATH_MS);
        level[at]?.rounds.push(measured);
        tell(progressLine(`round ${round}/${plan.rounds}`, name, load, measured));
      }
    }
    all.push(...level);
  }
  return all;
}

/** @throws RangeError for a load that lasts longer than the other peers may be held still. */
export function refuseLongTurns(loads: readonly Load[]): void {
  for (const load of loads) {
    const seconds = runIn(load).seconds + load.seconds;
    if (seconds <= MOST_HELD_SECONDS) continue;
    throw new RangeError(
      `A measurement of ${load.seconds} s and its run-in hold the other peers still for ${seconds} s, and ${MOST_HELD_SECONDS} s is what their groups bear: give --seconds less.`,
    );
  }
}

/** One load on one peer that has run in, while the host left the machine to it. */
async function measure(handle: PeerHandle, load: Load, brokerPid: number | undefined): Promise<Measurement> {
  const first = runIn(load);
  await handle.run(first);
  const withinSeconds = MOST_HELD_SECONDS - first.seconds;
  return undisturbed(() => measureOnce(handle, load, brokerPid), { withinSeconds });
}

/** With the CPU time of all three processes. */
async function measureOnce(
  handle: PeerHandle,
  load: Load,
  brokerPid: number | undefined,
): Promise<Measurement> {
  const brokerBefore = await cpuSecondsOf(brokerPid);
  const stolenBefore = await stolenSeconds();
  const result = await handle.run(load);
  const broker = between(brokerBefore, await cpuSecondsOf(brokerPid));
  const perThousand = (cpuSeconds: number): number => (cpuSeconds / result.calls) * 1_000;
  return {
    calls: result.calls,
    seconds: result.seconds,
    callsPerSecond: result.callsPerSecond,
    latencyMs: result.latency,
    cpuPerThousand: {
      client: perThousand(result.clientCpuSeconds),
      server: perThousand(result.serverCpuSeconds),
      broker: broker === undefined ? undefined : perThousand(broker),
    },
    stolenSeconds: between(stolenBefore, await stolenSeconds()),
  };
}

const between = (before: number | undefined, after: number | undefined): number | undefined =>
  before === undefined || after === undefined ? undefined : after - before;

function progressLine(
  round: string,
  peer: string,
  load: Load,
  { callsPerSecond, latencyMs: { p50, p99 }, stolenSeconds: stolen = 0 }: Measurement,
): string {
  const rate = Math.round(callsPerSecond).toLocaleString('en');
  return `${round}  ${load.concurrency} at once  ${peer.padEnd(12)} ${rate.padStart(8)} calls/s  p50 ${p50.toFixed(2)} ms  p99 ${p99.toFixed(2)} ms${stolen > 0 ? `  stolen ${stolen.toFixed(2)} s` : ''}`;
}
