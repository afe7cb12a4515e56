/** The version of this package, as servers tell it. A test holds it to that of `package.json`. */
export const PACKAGE_VERSION = '0.1.0';
