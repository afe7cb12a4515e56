import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** Functions that make errors from a text, and the position of the text among their arguments. */
const MAKERS: Readonly<Record<string, number>> = { RpcError: 1, refusalError: 1 };

/** The gap in a text that a value fills. */
const GAP = '…';

/**
 * The texts of the errors that a file makes, each with `…` for what is filled in. A text that is only filled in from elsewhere
 * has no words here, and is left out.
 */
export function errorTextsOf(file: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    const text = madeText(node);
    if (text !== undefined && /[a-z]{3}/i.test(text)) texts.push(text);
    node.forEachChild(visit);
  };
  visit(source);
  return texts;
}

const madeText = (node: ts.Node): string | undefined => {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return undefined;
  const { expression, arguments: given = [] } = node;
  const index = ts.isIdentifier(expression) ? MAKERS[expression.text] : undefined;
  const argument = index === undefined ? undefined : given[index];
  return argument === undefined ? undefined : tidy(textOf(argument));
};

const textOf = (node: ts.Expression): string => {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => GAP + literal.text).join('');
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return textOf(node.left) + textOf(node.right);
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression);
  return ts.isIdentifier(node) ? textOf(initializerOf(node) ?? ts.factory.createNull()) : GAP;
};

/** What the nearest `const` of this name, outwards from where it is used, is set to. */
const initializerOf = (name: ts.Identifier): ts.Expression | undefined => {
  for (let scope: ts.Node | undefined = name.parent; scope !== undefined; scope = scope.parent) {
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) continue;
    for (const statement of scope.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      const found = statement.declarationList.declarations.find(
        (declared) => ts.isIdentifier(declared.name) && declared.name.text === name.text,
      );
      if (found?.initializer !== undefined) return found.initializer;
    }
  }
  return undefined;
};

const tidy = (text: string): string =>
  text
    .replaceAll(`"${GAP}"`, GAP)
    .replace(/…(?:…)+/g, GAP)
    .trim();
