import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { missingJava, missingMaven } from './java.js';

const run = promisify(execFile);

/** The Kafka that the jars are of; the variable is for whoever tries another one. */
export const KAFKA_VERSION = process.env.KAFKA_VERSION || '4.1.0';

/** Kafka has been without ZooKeeper since 3.3. */
export const needsZooKeeper = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 3 || (major === 3 && minor < 3);
};

/** Kafka's library has no logger of its own: without this one a failed start says nothing. */
const SLF4J_VERSION = '1.7.36';

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>nestjs-kafka-rpc</groupId>
  <artifactId>kafka-jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>${SLF4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

/** The folder that keeps the jars between runs, outside any project. */
export function jarsFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nestjs-kafka-rpc', `kafka-${KAFKA_VERSION}`);
}

/** Says what the jars need and this machine has not, or nothing; jars already kept need no Maven. */
export async function missingForJars(): Promise<string | undefined> {
  const needs = [missingJava(), ...((await exists(jarsFolder())) ? [] : [missingMaven()])];
  const missing = (await Promise.all(needs)).filter((need) => need !== undefined);
  return missing.length === 0 ? undefined : missing.join(' and ');
}

/** The class path of Kafka, fetched once through Maven (43 MB, about 20 s) and kept. */
export async function kafkaClasspath(log: (line: string) => void): Promise<string> {
  const folder = jarsFolder();
  if (!(await exists(folder))) {
    log(`Fetching Kafka ${KAFKA_VERSION} through Maven, once, into ${folder}`);
    await fetchInto(folder);
  }
  return join(folder, 'jars', '*');
}

/** Fills a folder beside the wanted one and renames it, so that nobody ever sees half of the jars. */
async function fetchInto(folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true });
  const filling = await mkdtemp(`${folder}.filling-`);
  try {
    await writeFile(join(filling, 'pom.xml'), POM);
    await copyDependencies(filling);
    await rename(filling, folder);
  } catch (error) {
    // Another process may have been first: a rename onto its filled folder fails, and its jars are as good.
    if (!(await exists(folder))) throw error;
  } finally {
    await rm(filling, { recursive: true, force: true });
  }
}

async function copyDependencies(folder: string): Promise<void> {
  const goal = ['-B', '-q', 'dependency:copy-dependencies', '-DoutputDirectory=jars'];
  await run('mvn', goal, { cwd: folder }).catch((cause: Error & { stdout?: string }) => {
    const said = (cause.stdout ?? '').trim().split('\n').slice(0, 10).join('\n');
    throw new Error(`Maven could not fetch Kafka ${KAFKA_VERSION}:\n${said}`, { cause });
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
