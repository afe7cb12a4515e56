import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** A file of JSON lines. Each is appended by one write before it returns: it survives a SIGKILL of its writer. */
export class LineFile<Line extends object> {
  private readonly descriptor: number;

  constructor(file: string) {
    this.descriptor = openSync(file, 'a');
  }

  add(line: Line): void {
    writeSync(this.descriptor, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** All lines of a file; none of a file that is not there. What a killed writer left of a line is left out. */
export const readLines = <Line>(file: string): Line[] => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
};
