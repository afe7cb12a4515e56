import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What @platformatic/kafka 2 asks for. */
const OLDEST = { major: 22, minor: 19 } as const;

/** The Node to run, or why there is none. */
export type FoundNode = { readonly node: string } | { readonly missing: string };

/** The Node of this process when it is new enough, else the one in `BENCH_NODE22`. */
export async function findNode22(
  env: NodeJS.ProcessEnv = process.env,
  ownVersion: string = process.versions.node,
): Promise<FoundNode> {
  if (isNewEnough(ownVersion)) return { node: process.execPath };
  const wanted = `Node ${OLDEST.major}.${OLDEST.minor} or newer`;
  const node = env.BENCH_NODE22;
  if (!node) {
    return {
      missing: `it needs ${wanted} and this is ${ownVersion}: set BENCH_NODE22 to the path of such a node`,
    };
  }
  const version = await versionOf(node);
  if (version !== undefined && isNewEnough(version)) return { node };
  return {
    missing: `it needs ${wanted}, and BENCH_NODE22, "${node}", ${version ? `is ${version}` : 'does not run'}`,
  };
}

const versionOf = (node: string): Promise<string | undefined> =>
  promisify(execFile)(node, ['-p', 'process.versions.node']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
}
