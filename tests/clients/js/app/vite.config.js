/** Paths are relative: the page lies wherever a test puts it. */
export default { base: "./", logLevel: "warn", build: { minify: false, modulePreload: false } };
