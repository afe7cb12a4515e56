import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const FIXTURES = join(__dirname, 'fixture');

/** Nothing that is installed or run here may hang for ever. */
const LIMIT_MS = 240_000;

export type ModuleType = 'module' | 'commonjs';

/** What a command printed on both its ways out, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Runs to the end, whichever: a test shows what a tool said against it. A command that hangs is killed with all that it started. */
export const ran = (file: string, args: readonly string[], cwd: string): Promise<Ran> =>
  new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd,
      env: withoutJest(process.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    const take = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const limit = setTimeout(() => killGroup(child), LIMIT_MS);
    const end = (code: number | null): void => {
      clearTimeout(limit);
      resolve({ code: code ?? 1, output });
    };
    child.on('error', (error) => {
      output += String(error);
      end(1);
    });
    child.on('close', end);
  });

const killGroup = ({ pid }: ChildProcess): void => {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
};

/** As users run it: Jest's variables would tell their programs, and their Jest, that they are part of this run. */
const withoutJest = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries([
    ...Object.entries(env).filter(
      ([name]) => !/^(NODE_ENV|NODE_OPTIONS|FORCE_COLOR|JEST_.*|npm_.*)$/.test(name),
    ),
    ['NO_COLOR', '1'],
  ]);

/** @throws Error with everything that it printed, when it fails. */
const succeed = async (file: string, args: readonly string[], cwd: string): Promise<string> => {
  const { code, output } = await ran(file, args, cwd);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
};

/** The package as npm would publish it, and projects beside it that have installed it: nothing else of this repository. */
export class UserProjects {
  private constructor(
    readonly folder: string,
    readonly tarball: string,
  ) {}

  static async pack(): Promise<UserProjects> {
    const folder = await mkdtemp(join(tmpdir(), 'nestjs-kafka-rpc-package-'));
    await succeed('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], ROOT);
    const [tarball = 'nothing was packed'] = await readdir(folder);
    return new UserProjects(folder, join(folder, tarball));
  }

  /** A folder with these files and nothing installed. */
  async create(name: string, files: Readonly<Record<string, object | string>>): Promise<UserProject> {
    const project = new UserProject(join(this.folder, name), this.tarball);
    await project.write(files);
    return project;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** A project of somebody who uses the package. */
export class UserProject {
  constructor(
    readonly folder: string,
    readonly tarball: string,
  ) {}

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** Texts as they are, all else as JSON. */
  async write(files: Readonly<Record<string, object | string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(this.path(name)), { recursive: true });
      await writeFile(
        this.path(name),
        typeof content === 'string' ? content : JSON.stringify(content, null, 2),
      );
    }
  }

  async copyFixture(name: string, to: string): Promise<void> {
    await mkdir(dirname(this.path(to)), { recursive: true });
    await cp(join(FIXTURES, name), this.path(to));
  }

  /** @throws Error with what npm said, when it fails. */
  async npmInstall(...packages: readonly string[]): Promise<void> {
    const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages];
    await succeed('npm', args, this.folder);
  }

  /** A program of an installed package, by its file in it. */
  tool(file: string, ...args: readonly string[]): Promise<Ran> {
    return this.node(this.path('node_modules', file), ...args);
  }

  /** A program that need not be JavaScript, by its name. */
  binary(name: string, ...args: readonly string[]): Promise<Ran> {
    return ran(this.path('node_modules', '.bin', name), args, this.folder);
  }

  /** `tsc`, on a tsconfig.json. @returns what it says against the program: nothing, when that is fine */
  async typeErrors(tsconfig: string): Promise<string> {
    return (await this.tool('typescript/bin/tsc', '-p', tsconfig)).output;
  }

  node(...args: readonly string[]): Promise<Ran> {
    return ran(process.execPath, args, this.folder);
  }
}

/** What a program printed last, as JSON. @throws Error with its whole output, when that is none. */
export const lastJson = ({ output }: Ran): unknown => {
  try {
    return JSON.parse(output.trim().split('\n').at(-1) ?? '');
  } catch {
    throw new Error(`No JSON at the end of:\n${output}`);
  }
};
