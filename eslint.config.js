import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const HOUSE_STYLE = [
  { selector: 'TSEnumDeclaration', message: 'Use an `as const` object.' },
  { selector: 'ExportAllDeclaration', message: 'Export names one by one.' },
];

/** Names of bytes that show who made a record: `tagAt` and `signature.length` are none. */
const PROOF = '/(mac|tag|signature|digest|commitment|expected)$|^sign$/i';

/** An expression for such bytes: by a name, as a field, as what a call gives, in another form (`tag.toString()`), one of them. */
const PROOF_BYTES = [
  `Identifier[name=${PROOF}]`,
  `MemberExpression[property.name=${PROOF}]`,
  `MemberExpression[computed=true]:matches([object.name=${PROOF}], [object.property.name=${PROOF}])`,
  `CallExpression:matches([callee.name=${PROOF}], [callee.property.name=${PROOF}])`,
  `CallExpression:matches([callee.object.name=${PROOF}], [callee.object.property.name=${PROOF}])`,
].join(', ');

/** What stops at the first byte that differs: its time tells a forger how far a guess is right (threat S13). */
const EARLY_COMPARISONS = [
  // Whether there is one at all is no secret.
  `BinaryExpression[operator=/^[!=]==?$/]:not(:has(> Identifier[name='undefined'])) > :matches(${PROOF_BYTES})`,
  `CallExpression[callee.property.name=/^(equals|compare)$/] > MemberExpression.callee > :matches(${PROOF_BYTES}).object`,
  `CallExpression[callee.property.name=/^(equals|compare)$/] > :matches(${PROOF_BYTES}).arguments`,
];

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'coverage/', 'node_modules/', 'docs/.vitepress/'] },
  eslint.configs.recommended,
  ...tseslint.configs.strict,
  {
    rules: {
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 4],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': ['error', ...HOUSE_STYLE],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['lib/wire/interceptors/**', 'lib/wire/keyring/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...HOUSE_STYLE,
        ...EARLY_COMPARISONS.map((selector) => ({ selector, message: 'Use `timingSafeEqual`.' })),
      ],
    },
  },
  {
    files: ['test/**', 'benchmarks/**', 'sample-app/**'],
    rules: {
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // Programs that are CommonJS, as some users' are.
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs', globals: { require: 'readonly', console: 'readonly' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
