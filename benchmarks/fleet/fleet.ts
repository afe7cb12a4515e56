import type { BenchmarkContext } from '../benchmark.js';
import { runIn, type Load, type LoadResult } from '../measure/load.js';
import { Child } from '../process/child.js';
import { forkedProgram } from '../process/forked-program.js';
import type { FleetClientCommands, FleetServerCommands, Work } from './commands.js';
import type { FleetSettings } from './settings.js';

export type FleetServer = Child<FleetServerCommands>;
export type FleetClient = Child<FleetClientCommands>;

interface ProcessOptions {
  /** Flags for Node. @default none */
  readonly nodeFlags?: readonly string[];
}

/** Starts a process with one server of a fleet. It ends with the benchmark, or when it is stopped. */
export const startServer = (
  settings: FleetSettings,
  context: Pick<BenchmarkContext, 'teardown'>,
  options: ProcessOptions = {},
): Promise<FleetServer> => startServers({ ...settings, servers: 1 }, context, options);

/** Starts a process with so many servers of a fleet, each with a connection of its own. */
export async function startServers(
  settings: FleetSettings & { readonly servers: number },
  { teardown }: Pick<BenchmarkContext, 'teardown'>,
  { nodeFlags = [] }: ProcessOptions = {},
): Promise<FleetServer> {
  const name = `a server process of ${settings.fleet}`;
  const server: FleetServer = new Child(
    name,
    forkedProgram(new URL('./server.js', import.meta.url), { nodeFlags }),
  );
  teardown.add(name, () => server.stop());
  await server.ask('start', settings);
  return server;
}

/** Starts a process with so many clients of a fleet, each with a connection of its own, and waits until each is answered. */
export async function startClients(
  settings: FleetSettings & { readonly clients: number },
  { teardown }: Pick<BenchmarkContext, 'teardown'>,
  { nodeFlags = [] }: ProcessOptions = {},
): Promise<FleetClient> {
  const name = `the clients of ${settings.fleet}`;
  const client: FleetClient = new Child(
    name,
    forkedProgram(new URL('./client.js', import.meta.url), { nodeFlags }),
  );
  teardown.add(name, () => client.stop());
  await client.ask('start', settings);
  return client;
}

/** A server process and a client process with one client: the smallest fleet. */
export interface Pair {
  readonly server: FleetServer;
  readonly client: FleetClient;
}

export async function startPair(
  settings: FleetSettings,
  context: Pick<BenchmarkContext, 'teardown'>,
  options: ProcessOptions = {},
): Promise<Pair> {
  const server = await startServer(settings, context, options);
  return { server, client: await startClients({ ...settings, clients: 1 }, context, options) };
}

/** What V8 takes to compile most of what runs hot. */
const WARM_UP_SECONDS = 5;
/** No burst: a process that begins with one may have another memory for as long as it lives, which `burst` measures. */
export const FIRST_LOAD = { concurrency: 100, seconds: 2 };

/** One load behind its run-in, which is not measured. */
export async function runBehindRunIn(client: FleetClient, work: Work, load: Load): Promise<LoadResult> {
  await client.ask('run', { work, load: runIn(load) });
  return client.ask('run', { work, load });
}

export async function warmUp(client: FleetClient, work: Work, concurrency: number): Promise<LoadResult> {
  await client.ask('run', { work, load: FIRST_LOAD });
  return client.ask('run', { work, load: { concurrency, seconds: WARM_UP_SECONDS } });
}
