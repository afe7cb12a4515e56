import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OLDEST_JAVA = 17;

/** The `java` to run: `JAVA_HOME`'s when it is set, else the one on the path. */
export function javaProgram(env: NodeJS.ProcessEnv = process.env): string {
  return env.JAVA_HOME ? join(env.JAVA_HOME, 'bin', 'java') : 'java';
}

/** Says why Java cannot run Kafka, or nothing when it can. */
export async function missingJava(): Promise<string | undefined> {
  const found = await run(javaProgram(), ['-version']).catch(() => undefined);
  if (found === undefined) return `Java ${OLDEST_JAVA} not found ("${javaProgram()}" does not run)`;
  const version = javaVersion(found.stderr);
  if (version === undefined || version < OLDEST_JAVA) {
    return `Java ${OLDEST_JAVA} not found ("${javaProgram()}" is version ${version ?? 'unknown'})`;
  }
  return undefined;
}

/** The feature version in what `java -version` prints: 17 of `openjdk version "17.0.15"`, 8 of `"1.8.0_402"`. */
export function javaVersion(printed: string): number | undefined {
  const digits = /version "(?:1\.)?(\d+)/.exec(printed)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Says that Maven is missing, or nothing when it runs. */
export async function missingMaven(): Promise<string | undefined> {
  return run('mvn', ['-v']).then(
    () => undefined,
    () => 'Maven not found ("mvn" does not run)',
  );
}
