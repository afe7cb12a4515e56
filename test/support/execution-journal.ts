import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Execution } from '../programs/server.js';

/** Which calls were run how often, as written down by servers that have its `file` as their journal. */
export class ExecutionJournal {
  private readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-kafka-rpc-journal-'));
  readonly file = join(this.folder, 'executions');

  constructor() {
    writeFileSync(this.file, '');
  }

  get executions(): readonly Execution[] {
    const lines = readFileSync(this.file, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Execution);
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

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
