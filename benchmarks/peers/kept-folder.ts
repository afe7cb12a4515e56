import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { jarsFolder } from '../../test/broker/jars.js';

export interface KeptFolder {
  /** Begins the folder's name. */
  readonly name: string;
  /** All that the contents depend on: another text is another folder. */
  readonly madeOf: string;
  /** Fills an empty folder. Its own path must not be kept inside: the folder is renamed. */
  fill(folder: string): Promise<void>;
}

/**
 * A folder beside Kafka's jars, outside the tree, that is filled once and kept between runs. Filled under another name
 * first, so that nobody ever sees half of it.
 *
 * @throws what `fill` throws
 */
export async function keptFolder(
  { name, madeOf, fill }: KeptFolder,
  tell: (line: string) => void,
): Promise<string> {
  const folder = folderOf(name, madeOf);
  if (await isThere(folder)) return folder;
  tell(`Fetching what ${name} needs, once, into ${folder}`);
  await mkdir(dirname(folder), { recursive: true });
  const filling = await mkdtemp(`${folder}.filling-`);
  try {
    await fill(filling);
    await rename(filling, folder);
  } catch (error) {
    // Another process may have been first: a rename onto its filled folder fails, and its contents are as good.
    if (!(await isThere(folder))) throw error;
  } finally {
    await rm(filling, { recursive: true, force: true });
  }
  return folder;
}

function folderOf(name: string, madeOf: string): string {
  const version = createHash('sha256').update(madeOf).digest('hex').slice(0, 12);
  return join(dirname(jarsFolder()), 'peers', `${name}-${version}`);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
