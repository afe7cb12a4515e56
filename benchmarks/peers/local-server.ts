import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startGuard } from '../../test/broker/guard.js';
import { freePorts } from '../../test/broker/ports.js';

const UP_WITHIN_MS = 10_000;
const BETWEEN_TRIES_MS = 50;

/** Where Debian puts servers, which is not on everybody's path. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin'] as const;

/** A server in one program that is started for one run, such as redis-server. */
export interface LocalServerPlan {
  readonly program: string;
  /** The Debian package that has it. */
  readonly debianPackage: string;
  readonly args: (port: number, folder: string) => readonly string[];
}

export interface LocalServer {
  readonly port: number;
  readonly pid: number | undefined;
  /** Kills it: nothing is kept. */
  stop(): Promise<void>;
}

/** Says that the program is missing and what to install, or nothing when it runs. */
export async function missingProgram({
  program,
  debianPackage,
}: LocalServerPlan): Promise<string | undefined> {
  const path = await pathOf(program);
  return path === undefined ? `there is no ${program}: apt-get install ${debianPackage}` : undefined;
}

/** Starts it on a free port; it cannot outlive this process. @throws Error when it takes no connections in time */
export async function startLocalServer(plan: LocalServerPlan): Promise<LocalServer> {
  const path = await pathOf(plan.program);
  if (path === undefined) throw new Error(`There is no ${plan.program}`);
  const [port = 0] = await freePorts(1);
  const folder = await mkdtemp(join(tmpdir(), `${plan.program}-`));
  const guard = startGuard(folder);
  try {
    const { pid } = await guard.run(path, plan.args(port, folder), join(folder, 'log'));
    await takesConnections(plan.program, port);
    return { port, pid, stop: () => guard.close() };
  } catch (error) {
    await guard.close();
    throw error;
  }
}

async function pathOf(program: string): Promise<string | undefined> {
  for (const path of [program, ...SYSTEM_FOLDERS.map((folder) => join(folder, program))]) {
    const runs = await promisify(execFile)(path, ['--version']).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

async function takesConnections(program: string, port: number): Promise<void> {
  const giveUpAt = Date.now() + UP_WITHIN_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (Date.now() > giveUpAt)
        throw new Error(`${program} takes no connections on ${port}`, { cause: error });
      await sleep(BETWEEN_TRIES_MS);
    } finally {
      socket.destroy();
    }
  }
}
