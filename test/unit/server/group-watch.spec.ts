import { GroupWatch } from '../../../lib/server/group-watch.js';
import { encodeServedHandlers, servedHandlers } from '../../../lib/protocol/served-handlers.js';

const TOPIC = 'rpc.sum.requests';

describe('GroupWatch', () => {
  let lines: string[];
  let watch: GroupWatch;

  beforeEach(() => {
    lines = [];
    const silent = (): void => undefined;
    watch = new GroupWatch('rpc.sum', {
      debug: silent,
      info: silent,
      warn: (line) => lines.push(line),
      error: silent,
    });
  });

  const look = (view: Partial<Parameters<GroupWatch['look']>[0]>): void =>
    watch.look({ members: 1, partitions: 8, owned: 8, memberData: undefined, ...view });
  const member = (id: string, patterns: readonly string[], topics = [TOPIC]): Buffer =>
    encodeServedHandlers(servedHandlers(id, patterns, topics));

  it('says once that a server has nothing to do, with the numbers, and again when that comes back', () => {
    look({ members: 9, owned: 0 });
    look({ members: 10, owned: 0 });
    expect(lines).toEqual([expect.stringMatching(/rpc\.sum has 9 servers for 8 partitions/)]);
    look({ members: 8, owned: 1 });
    look({ members: 9, owned: 0 });
    expect(lines).toHaveLength(2);
  });

  it('says nothing of a server whose partitions are about to come, or of a group of unknown size', () => {
    look({ members: 2, owned: 0 });
    look({ members: undefined, owned: 0 });
    expect(lines).toEqual([]);
  });

  it('says once what servers of one topic serve differently, by their ids', () => {
    const memberData = [member('aaa', ['add', 'sub']), member('bbb', ['add', 'mul'])];
    look({ memberData });
    look({ memberData: [...memberData].reverse() });
    expect(lines).toEqual([expect.stringMatching(/aaa has "sub" alone, bbb has "mul" alone/)]);
    expect(lines[0]).toContain(TOPIC);
  });

  it('says nothing of servers that serve the same, or other topics', () => {
    look({
      memberData: [
        member('aaa', ['add']),
        member('bbb', ['add']),
        member('ccc', ['mul'], ['rpc.other.requests']),
      ],
    });
    expect(lines).toEqual([]);
  });

  it('passes over members that say nothing, or something else', () => {
    look({ memberData: [Buffer.alloc(0), Buffer.from('hello'), member('aaa', ['add'])] });
    expect(lines).toEqual([]);
  });

  it('writes no line break and no endless text of what others say', () => {
    const long = 'x'.repeat(1_000);
    look({ memberData: [member('aaa', ['a\nb', long]), member('bbb', [])] });
    expect(lines[0]).not.toMatch(/\n/);
    expect(lines[0]!.length).toBeLessThan(1_000);
  });

  it('is bounded, whatever others say', () => {
    for (let i = 0; i < 1_000; i++) look({ memberData: [member('aaa', ['add']), member('bbb', [`p${i}`])] });
    expect(lines.length).toBeLessThanOrEqual(256);
  });
});
