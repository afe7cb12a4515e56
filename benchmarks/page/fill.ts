const TABLE = /(<!-- table: ([\w-]+) -->\n)[\s\S]*?(<!-- end of table -->)/g;

/**
 * The page with its tables made anew. A table stands between `<!-- table: name -->` and `<!-- end of table -->`.
 * @throws Error for a name that no table has.
 */
export function fillTables(page: string, tables: ReadonlyMap<string, string>): string {
  return page.replace(TABLE, (_found, start: string, name: string, end: string) => {
    const table = tables.get(name);
    if (table !== undefined) return `${start}\n${table}\n\n${end}`;
    throw new Error(`There is no table "${name}": there are ${[...tables.keys()].join(', ')}.`);
  });
}
