import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startKafka, type Kafka } from '../broker/kafka.js';
import { ran, UserProjects, type UserProject } from '../package/user-project.js';
import { readBlocks, readFences, ROOT } from '../support/doc-blocks.js';

const PAGE = 'docs/five-minutes.md';

jest.setTimeout(400_000);

const fences = readFences(PAGE, readFileSync(path.join(ROOT, PAGE), 'utf8'));
const files = readBlocks(fences);
const tsconfig = fences.find(({ language }) => language === 'json')?.code ?? '';

/** The commands of the page, by what is in them. */
const commands = (part: string): string => {
  const found = fences.find(({ language, code }) => language === 'sh' && code.includes(part));
  if (found === undefined) throw new Error(`${PAGE} has no command with ${part}.`);
  return found.code;
};

describe.each([
  ['12', 'module'],
  ['11', 'commonjs'],
] as const)('the five minutes, typed into an empty folder, with Nest %s as %s', (major, type) => {
  const service = `sum-${randomBytes(4).toString('hex')}`;
  const running: ChildProcess[] = [];
  let kafka: Kafka;
  let projects: UserProjects;
  let project: UserProject;

  beforeAll(async () => {
    kafka = await startKafka();
    projects = await UserProjects.pack();
    const folder = await projects.create('typed', { 'here.txt': '' });
    await enter(folder, commands('mkdir first-try'));
    project = await projects.create('typed/first-try', { 'tsconfig.json': tsconfig });
  });

  afterAll(async () => {
    for (const child of running) child.kill();
    await projects.remove();
    await kafka.stop();
  });

  /** With the major version that the page has its reader choose, and the package as it would be published. */
  const enter = async ({ folder }: UserProject, script: string): Promise<string> => {
    const typed = script
      .replaceAll('@12', `@${major}`)
      .replace('type=module', `type=${type}`)
      .replace('npm i nestjs-kafka-rpc', `npm i --no-audit --no-fund ${projects.tarball}`);
    const { code, output } = await ran('bash', ['-ec', typed], folder);
    if (code !== 0) throw new Error(`${typed} ended with ${code}:\n${output}`);
    return output;
  };

  const write = async (wanted: (name: string) => boolean): Promise<void> => {
    for (const { name, code } of files.filter((block) => wanted(block.name)))
      await project.write({
        [name]: (type === 'module' ? code : code.replaceAll(/(from '\.\/.*)\.js'/g, "$1'"))
          .replace("['localhost:9092']", JSON.stringify(kafka.brokers))
          .replaceAll("service: 'sum'", `service: '${service}'`)
          .replace('app.listen(3000)', 'app.listen(0)'),
      });
  };

  /** Resolves when the program has printed the text. */
  const start = (file: string, text: string): Promise<ChildProcess> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [file], { cwd: project.folder, stdio: 'pipe' });
      running.push(child);
      let output = '';
      const take = (chunk: Buffer): void => {
        output += chunk.toString();
        if (output.includes(text)) resolve(child);
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('exit', (code) => reject(new Error(`${file} ended with ${code}:\n${output}`)));
    });

  const linesOf = (output: string): readonly string[] =>
    output.split('\n').filter((line) => /^\d+$/.test(line));

  it('give the first answer without a broker', async () => {
    await write((name) => name === 'first-try.ts');

    expect(linesOf(await enter(project, commands('node first-try.js')))).toEqual(['3']);
  });

  it('give the first answer on Kafka: a service, and a caller in another process', async () => {
    await write((name) => name !== 'hybrid.ts');
    const serve = commands('node main.js');
    await enter(project, serve.replace('node main.js', ''));
    const server = await start('main.js', 'successfully started');

    expect(linesOf(await enter(project, commands('node checkout.js')))).toEqual(['3', '4']);
    server.removeAllListeners('exit').kill();
  });

  it('start the app with HTTP and Kafka', async () => {
    await write((name) => name === 'hybrid.ts');
    await enter(project, commands('@nestjs/platform-express'));
    await enter(project, 'npx tsc');

    const app = await start('hybrid.js', 'Nest application successfully started');
    app.removeAllListeners('exit').kill();
  });
});
