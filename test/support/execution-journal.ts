import type { Execution } from '../programs/server.js';
import type { Program } from './program.js';

/** Which calls were run how often, as told by servers with `journal: true`. */
export class ExecutionJournal {
  readonly executions: Execution[] = [];

  follow(server: Program): void {
    server.onNews<Execution>((execution) => this.executions.push(execution));
  }

  get calls(): number {
    return new Set(this.executions.map(({ callId }) => callId)).size;
  }

  /** The calls that were run more than once, each with the servers that ran it. */
  repeated(): (readonly [callId: string, servers: string[]])[] {
    const servers = new Map<string, string[]>();
    for (const { callId, server } of this.executions) {
      servers.set(callId, [...(servers.get(callId) ?? []), server]);
    }
    return [...servers].filter(([, names]) => names.length > 1);
  }
}
