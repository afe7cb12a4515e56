import { readdir } from 'node:fs/promises';

/** `npm run example` lists the examples, `npm run example -- deadline` runs one. */
async function main([name]: readonly string[]): Promise<void> {
  const files = await readdir(import.meta.dirname);
  const examples = files
    .map((file) => /^(.*)\.js$/.exec(file)?.[1] ?? '')
    .filter((example) => !['', 'main', 'start-service'].includes(example));
  if (name === undefined || !examples.includes(name)) {
    console.log(`npm run example -- <name>\n\n${examples.map((example) => `  ${example}`).join('\n')}`);
    process.exitCode = name === undefined ? 0 : 1;
    return;
  }
  const { finished } = (await import(`./${name}.js`)) as { finished: Promise<void> };
  await finished;
}

await main(process.argv.slice(2));
