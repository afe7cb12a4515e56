import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';

/** The last commit whose servers and clients know nothing of deadlines that travel, of credit, and of what came with them. */
const COMMIT = '1a4ffd7949afb7781017d930514e84dfb321833a';

/** False in a checkout without its history. */
export const isVersionBeforeThere = (): boolean =>
  spawnSync('git', ['cat-file', '-e', `${COMMIT}^{commit}`], { stdio: 'ignore' }).status === 0;

/** The package as it was, built from git, with the programs of today's tests around it. */
export class VersionBefore {
  /** In place of this checkout, for programs. */
  readonly root = mkdtempSync(path.join(tmpdir(), 'nestjs-kafka-rpc-before-'));

  /** Takes some seconds: it is compiled. @throws when it cannot be */
  static build(): VersionBefore {
    const before = new VersionBefore();
    const archive = execFileSync(
      'git',
      ['archive', COMMIT, 'lib', 'package.json', 'tsconfig.json', 'tsconfig.build.json'],
      {
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    execFileSync('tar', ['-x', '-C', before.root], { input: archive });
    symlinkSync(path.resolve('node_modules'), path.join(before.root, 'node_modules'));
    const compiler = path.resolve('node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: before.root });
    // They name the package, and so find the one around them.
    cpSync('build/test', path.join(before.root, 'build/test'), { recursive: true });
    return before;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
